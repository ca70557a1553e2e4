#include "app/main.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>

#include "app/command.hpp"
#include "app/metrics_reference.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"
#include "app/with_stores.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "event/currency.hpp"
#include "query/zone.hpp"

namespace guidepost::app {
namespace {

/// What the configuration names that other rooms than `base` know: the first of it that is not there.
std::optional<std::string> unknown_name(const LoadedConfig& loaded) {
  const auto mistake = [&](const std::string& key, std::string_view expected, std::string_view got) {
    const auto origin = loaded.origins.find(key);
    return fmt::format("{}: {}: expected {}, got {}", origin == loaded.origins.end() ? "default" : origin->second, key,
                       expected, text::escape(got));
  };
  const auto is_currency = [](const std::string& code) { return code.empty() || event::find_currency(code); };
  constexpr std::string_view kCurrency = "a currency of ISO 4217, for instance EUR";
  const auto& config = loaded.config;
  if (!is_currency(config.ingest.default_currency))
    return mistake("ingest.default_currency", kCurrency, config.ingest.default_currency);
  for (const auto& [slug, merchant] : config.merchant) {
    const auto section = "merchant." + slug + ".";
    if (!merchant.time_zone.empty() && !query::TimeZone::find(merchant.time_zone)) {
      return mistake(section + "time_zone", "a zone of the IANA database, for instance Europe/Berlin",
                     merchant.time_zone);
    }
    if (!is_currency(merchant.currency)) return mistake(section + "currency", kCurrency, merchant.currency);
  }
  return std::nullopt;
}

/// The configuration that the flags name.
tl::expected<LoadedConfig, ConfigErrors> configuration(const Arguments& arguments, const std::string& directory) {
  ConfigSources sources;
  sources.file = arguments.value("--config");
  sources.environment = guidepost_environment();
  sources.sets = arguments.values("--set");
  auto loaded = load_config(sources);
  if (!loaded) return loaded;
  if (auto mistake = unknown_name(*loaded)) return tl::unexpected(ConfigErrors{*std::move(mistake)});
  auto& data = loaded->config.storage.data;
  if (const auto given = arguments.value("--data")) {
    data = *given;
    loaded->origins["storage.data"] = "--data";
  }
  data = (std::filesystem::path(directory) / data).lexically_normal().string();
  return loaded;
}

int run_words(const std::vector<std::string>& words, OpenStores open, Output& out) {
  const Command* command = find_command(words);
  if (command == nullptr) {
    out.complain(unknown_command(commands(), words.front()));
    return 2;
  }
  const auto arguments = parse_arguments(*command, rest_of(*command, words));
  if (arguments.has("--help")) {
    out.print(command_help(*command));
    return 0;
  }
  const auto directory = std::filesystem::current_path().string();
  const auto load = [&] { return configuration(arguments, directory); };
  const auto config = load();
  if (!config) {
    for (const auto& mistake : config.error()) out.complain(mistake);
    return 2;
  }
  // What runs for a moment says what it has to say itself; its stages' log is for those who ask for it.
  const bool quiet = command->place != Place::kDaemon && !config->origins.contains("log.level");
  log::configure(quiet ? log::Level::kWarn : config->config.log.level, config->config.log.format);
  if (command->place == Place::kDaemon)
    log::info("guidepost_starts", {{"role", command->name}, {"version", program_version()}});
  const bool alone =
      command->place == Place::kAlone || (!command->alone_with.empty() && arguments.has(command->alone_with));
  if (!alone) return run_with_stores({*command, words, *config, directory, open, load}, out);

  std::stop_source stop;
  const Signals signals([&] { stop.request_stop(); });
  Call call{arguments, *config, out, directory, stop.get_token()};
  return run_command(*command, call);
}

}  // namespace

int run(int argc, char** argv, OpenStores open) {
  ignore_broken_pipes();
  Output out(own_streams());
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    out.print(overview(commands()));
    return 0;
  }
  if (words.front() == "--version") {
    out.print("guidepost " + std::string(program_version()) + "\n");
    return 0;
  }
  if (words.front() == "--reference") {
    const bool of_metrics = words.size() == 2 && words[1] == "metrics";
    out.print(of_metrics ? metrics_reference() : commands_reference(commands()));
    return 0;
  }
  try {
    return run_words(words, open, out);
  } catch (const UsageError& wrong) {
    out.complain(wrong.message);
    return 2;
  } catch (const std::exception& failure) {
    out.complain(failure.what());
    return 1;
  }
}

}  // namespace guidepost::app
