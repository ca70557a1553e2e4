#define TOML_HEADER_ONLY 0
#include "base/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/config_values.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

namespace guidepost {
namespace {

using config::Key;
using config::RawValue;

/// `GUIDEPOST_SECTION__KEY` of a key.
std::string variable_of(std::string_view key) {
  std::string name = "GUIDEPOST_";
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

/// A variable without the two underscores that a section's end has is none of ours, or one with a slip of the finger: the
/// one that was meant.
std::optional<std::string> meant_by(std::string_view name) {
  for (const auto& known : config::keys()) {
    auto variable = variable_of(known.name);
    auto slipped = variable;
    slipped.erase(slipped.find("__"), 1);
    if (slipped == name) return variable;
  }
  return std::nullopt;
}

/// Applies settings one by one and gathers what is wrong with them.
class Loader {
 public:
  LoadedConfig loaded;
  ConfigErrors errors;

  /// Sets `key` (`section.key` or `merchant.<slug>.key`); `where` is for messages.
  void set(const std::string& key, const RawValue& value, const std::string& where) {
    if (key.starts_with("merchant.")) return set_merchant(key, value, where);
    for (const auto& known : config::keys()) {
      if (known.name == key) return apply(known, loaded.config, key, value, where);
    }
    unknown(key, where);
  }

  void unknown(const std::string& key, const std::string& where) {
    std::vector<std::string> names;
    for (const auto& known : config::keys()) names.push_back(known.name);
    auto near = text::nearest(key, names);
    if (!near) {  // the right key in the wrong section
      const auto last = key.substr(key.rfind('.') + 1);
      const auto it = std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.ends_with("." + last); });
      if (it != names.end()) near = *it;
    }
    errors.push_back(where + ": " + text::escape(key) + ": no such key" +
                     (near ? ", did you mean " + *near + "?" : ""));
  }

 private:
  template <class Owner>
  void apply(const Key<Owner>& known, Owner& owner, const std::string& key, const RawValue& value,
             const std::string& where) {
    if (known.set(owner, value)) {
      loaded.origins[key] = where;
    } else {
      errors.push_back(fmt::format("{}: {}: expected {}{}", where, key, known.expects,
                                   known.secret ? "" : ", got " + text::escape(value.shown)));
    }
  }

  void set_merchant(const std::string& key, const RawValue& value, const std::string& where) {
    const auto dot = key.rfind('.');
    const auto slug = dot > 9 ? key.substr(9, dot - 9) : std::string{};
    if (!is_merchant_slug(slug)) {
      errors.push_back(fmt::format("{}: {}: expected merchant.<slug>.key with a slug of 1-40 characters a-z 0-9 . _ -",
                                   where, text::escape(key)));
      return;
    }
    std::vector<std::string> names;
    for (const auto& known : config::merchant_keys()) {
      if (known.name == key.substr(dot + 1)) return apply(known, loaded.config.merchant[slug], key, value, where);
      names.push_back(known.name);
    }
    const auto near = text::nearest(key.substr(dot + 1), names);
    errors.push_back(where + ": " + text::escape(key) + ": no such key" +
                     (near ? ", did you mean " + *near + "?" : ""));
  }
};

std::string shown(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& n) {
    using Node = std::decay_t<decltype(n)>;
    if constexpr (std::is_same_v<Node, toml::table>) {
      out << "a table";
    } else if constexpr (std::is_same_v<Node, toml::array>) {
      out << "a list";
    } else if constexpr (std::is_same_v<Node, toml::value<std::string>>) {
      out << '"' << n.get() << '"';
    } else {
      out << n;
    }
  });
  return out.str();
}

RawValue raw_value(const toml::node& node) {
  RawValue raw{double{}, shown(node)};
  if (const auto* text = node.as_string()) raw.value = text->get();
  if (const auto* number = node.as_integer()) raw.value = number->get();
  if (const auto* flag = node.as_boolean()) raw.value = flag->get();
  if (const auto* array = node.as_array()) {
    std::vector<std::string> items;
    for (const auto& item : *array) {
      const auto* text = item.as_string();
      if (text == nullptr) return raw;
      items.push_back(text->get());
    }
    raw.value = std::move(items);
  }
  return raw;
}

void load_table(Loader& loader, const toml::table& table, const std::string& path, const std::string& file) {
  for (const auto& [key, node] : table) {
    const auto name = path.empty() ? std::string(key.str()) : path + "." + std::string(key.str());
    const auto where = fmt::format("{}:{}", file, key.source().begin.line);
    const bool merchant_section = path == "merchant";
    if (path.empty() || merchant_section) {
      const auto* section = node.as_table();
      if (section == nullptr) {
        loader.errors.push_back(where + ": " + text::escape(name) + ": expected a section [" + text::escape(name) +
                                "], got " + text::escape(shown(node)));
        continue;
      }
      if (path.empty() && section->empty()) {
        const auto& all = config::sections();
        if (name != "merchant" && std::none_of(all.begin(), all.end(), [&](const auto& s) { return s.name == name; }))
          loader.unknown(name, where);
      }
      load_table(loader, *section, name, file);
    } else {
      loader.set(name, raw_value(node), where);
    }
  }
}

void load_file(Loader& loader, const std::string& path) {
  std::error_code none;
  std::ifstream in;
  if (!std::filesystem::is_directory(path, none)) in.open(path, std::ios::binary);
  const std::string contents = in.is_open() ? std::string{std::istreambuf_iterator<char>(in), {}} : std::string();
  if (!in.is_open() || in.bad()) {
    loader.errors.push_back(path + ": cannot be read");
    return;
  }
  try {
    load_table(loader, toml::parse(contents, path), "", path);
  } catch (const toml::parse_error& e) {
    loader.errors.push_back(fmt::format("{}:{}: not TOML: {}", path, e.source().begin.line, e.description()));
  }
}

void load_environment(Loader& loader, const std::vector<std::pair<std::string, std::string>>& variables) {
  for (const auto& [name, value] : variables) {
    if (name.find("__") == std::string::npos) {
      if (const auto meant = meant_by(name))
        loader.errors.push_back(fmt::format("{}: no such variable, did you mean {}?", name, *meant));
      continue;
    }
    std::string key;
    constexpr std::string_view kStart = "GUIDEPOST_";
    for (std::size_t i = kStart.size(); i < name.size(); ++i) {
      if (name.compare(i, 2, "__") == 0) {
        key += '.';
        ++i;
      } else {
        key += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
      }
    }
    loader.set(key, {RawValue::Word{value}, '"' + value + '"'}, name);
  }
}

/// What keys must be to each other.
void check_together(const Config& config, ConfigErrors& errors) {
  if (config.merchants.accept == AcceptMerchants::kListed && config.merchants.listed.empty() &&
      config.merchant.empty()) {
    errors.emplace_back("merchants.listed: expected at least one merchant where merchants.accept is listed, got none");
  }
  if (config.sessions.bot_events > config.sessions.events) {
    errors.push_back(fmt::format("sessions.bot_events: expected at most sessions.events ({}), got {}",
                                 config.sessions.events, config.sessions.bot_events));
  }
  if (config.topics.retention <= kWindowsKept * config.ingest.window_time) {
    errors.push_back(fmt::format("topics.retention: expected over four times ingest.window_time ({}), got {}",
                                 config::show_duration(config.ingest.window_time),
                                 config::show_duration(config.topics.retention)));
  }
  if (config.ingest.block_bytes.value * 2 > config.topics.max_record.value) {
    errors.push_back(fmt::format("ingest.block_bytes: expected at most half of topics.max_record ({}), got {}",
                                 config::show_size(config.topics.max_record),
                                 config::show_size(config.ingest.block_bytes)));
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> guidepost_environment() {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (const auto equals = text.find('='); text.starts_with("GUIDEPOST_") && equals != std::string_view::npos) {
      found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

tl::expected<LoadedConfig, ConfigErrors> load_config(const ConfigSources& sources) {
  Loader loader;
  if (sources.file) load_file(loader, *sources.file);
  load_environment(loader, sources.environment);
  for (const auto& set : sources.sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos) {
      loader.errors.push_back("--set " + text::escape(set) + ": expected section.key=value");
      continue;
    }
    const auto value = set.substr(equals + 1);
    loader.set(set.substr(0, equals), {RawValue::Word{value}, '"' + value + '"'}, "--set");
  }
  // One process that writes to its own disk need not save on puts.
  if (loader.loaded.config.storage.kind == StorageKind::kEmbedded && !loader.loaded.origins.contains("rollup.max_age"))
    loader.loaded.config.rollup.max_age = std::chrono::seconds{5};
  if (loader.errors.empty()) check_together(loader.loaded.config, loader.errors);
  if (!loader.errors.empty()) return tl::unexpected(std::move(loader.errors));
  return std::move(loader.loaded);
}

std::string effective_config(const LoadedConfig& loaded) {
  std::string out;
  const auto line = [&](const std::string& name, const std::string& key, const std::string& value) {
    out += name + " = " + value;
    if (const auto it = loaded.origins.find(key); it != loaded.origins.end()) out += "  # " + text::escape(it->second);
    out += "\n";
  };
  for (const auto& section : config::sections()) {
    out += (out.empty() ? "[" : "\n[") + section.name + "]\n";
    for (const auto& key : config::keys()) {
      if (key.name.starts_with(section.name + "."))
        line(key.name.substr(section.name.size() + 1), key.name, key.show(loaded.config));
    }
  }
  for (const auto& [slug, merchant] : loaded.config.merchant) {
    out += "\n[merchant.\"" + slug + "\"]\n";
    for (const auto& key : config::merchant_keys())
      line(key.name, "merchant." + slug + "." + key.name, key.show(merchant));
  }
  return out;
}

std::vector<std::string> changed_keys(const Config& one, const Config& other) {
  std::vector<std::string> changed;
  for (const auto& key : config::keys()) {
    if (key.show(one) != key.show(other)) changed.push_back(key.name);
  }
  auto merchants = one.merchant;
  merchants.insert(other.merchant.begin(), other.merchant.end());
  const auto shown = [](const Config& config, const std::string& slug, const auto& key) {
    const auto found = config.merchant.find(slug);
    return found == config.merchant.end() ? std::string() : key.show(found->second);
  };
  for (const auto& [slug, unused] : merchants) {
    for (const auto& key : config::merchant_keys()) {
      if (shown(one, slug, key) != shown(other, slug, key)) changed.push_back("merchant." + slug + "." + key.name);
    }
  }
  return changed;
}

std::string config_reference() {
  std::string out =
      "# Configuration\n\n"
      "<!-- Made by `guidepost check-config --reference`; a test compares. Do not edit: the keys are in src/base/config_keys.cpp. -->\n\n"
      "One TOML file with a section per concern, given with `--config FILE`. Without a file: embedded stores in `./guidepost-data`.\n"
      "`--set section.key=value` goes before `GUIDEPOST_SECTION__KEY` of the environment, that before the file, that before the\n"
      "default. An unknown key is an error. `guidepost check-config` shows what is in force and where it comes from.\n\n"
      "Durations are whole numbers with `ms`, `s`, `m`, `h` or `d`; sizes with `B`, `KiB`, `MiB`, `GiB` or `TiB`. Lists are TOML arrays, in\n"
      "`--set` and in the environment words with commas between. Secrets are never in the configuration, only where they are\n"
      "found: `file:/path`, `env:NAME`, or `credential:NAME`, a file of the folder that systemd names in `CREDENTIALS_DIRECTORY`\n"
      "(`LoadCredential=NAME:...` of the unit: [systemd.md](systemd.md)).\n";
  const Config defaults;
  const auto heading = [&](const std::string& name, const std::string& about) {
    out += "\n## [" + name + "]\n\n" + about + "\n\n| key | default | expects | meaning |\n|---|---|---|---|\n";
  };
  const auto row = [&](const std::string& name, const std::string& value, const auto& key) {
    out += fmt::format("| `{}` | `{}` | {} | {} |\n", name, value, key.expects, key.help);
  };
  for (const auto& section : config::sections()) {
    heading(section.name, section.about);
    for (const auto& key : config::keys()) {
      if (key.name.starts_with(section.name + "."))
        row(key.name.substr(section.name.size() + 1), key.show(defaults), key);
    }
  }
  heading("merchant.<slug>", "Settings of one merchant; `GUIDEPOST_MERCHANT__SLUG__KEY` in the environment.");
  for (const auto& key : config::merchant_keys()) row(key.name, key.show(MerchantConfig{}), key);
  return out;
}

Result<std::string> Secret::read() const {
  std::string value;
  std::string path;
  if (reference.starts_with("file:")) path = reference.substr(5);
  if (reference.starts_with("credential:")) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) {
      return fail(ErrorCode::kNotFound, reference +
                                            ": there is no CREDENTIALS_DIRECTORY, which systemd sets for a unit "
                                            "with LoadCredential=");
    }
    path = std::string(folder) + "/" + reference.substr(11);
  }
  if (reference.starts_with("env:")) {
    const char* variable = std::getenv(reference.c_str() + 4);
    if (variable == nullptr) return fail(ErrorCode::kNotFound, "the environment has no " + reference.substr(4));
    value = variable;
  } else if (!path.empty()) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(ErrorCode::kNotFound, path + " cannot be read");
    value.assign(std::istreambuf_iterator<char>(in), {});
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  }
  if (value.empty()) return fail(ErrorCode::kInvalidArgument, "the secret " + reference + " is empty");
  return value;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, "'" + text::escape(text) + "' is no address HOST:PORT");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return wrong();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  if (std::any_of(host.begin(), host.end(),
                  [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '/' || c == '@'; }))
    return wrong();
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return wrong();
  return HostPort{std::string(host), port};
}

}  // namespace guidepost
