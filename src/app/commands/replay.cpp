// `replay`: another version of all numbers beside the published one.
#include "app/replay.hpp"

#include <fmt/format.h>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/commands/replay_output.hpp"
#include "app/places.hpp"
#include "app/progress.hpp"
#include "app/version_settings.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

using worker::VersionRecord;

constexpr double kLeastPercent = 0.001;
constexpr std::int64_t kMostExamples = 10'000;

/// `12`, or `0:12,3:40`.
void read_offsets(std::string_view text, ReplayStart& start) {
  const auto number = [&](std::string_view word) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size() || value < 0)
      throw UsageError{"--to-offset: expected an offset, or PARTITION:OFFSET with commas between, got '" +
                       text::escape(text) + "'"};
    return value;
  };
  if (text.find(':') == text.npos) {
    start.offset = Offset{number(text)};
    return;
  }
  for (auto rest = text; !rest.empty();) {
    const auto word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    const auto colon = word.find(':');
    const auto partition = number(word.substr(0, colon));
    if (partition > INT32_MAX) throw UsageError{"--to-offset: there is no partition " + std::to_string(partition)};
    const auto offset = number(colon == word.npos ? std::string_view() : word.substr(colon + 1));
    start.offsets[Partition{static_cast<std::int32_t>(partition)}] = Offset{offset};
  }
}

ReplayStart start_of(const Arguments& arguments) {
  ReplayStart start;
  start.words = "the beginning of the log";
  int ways = arguments.has("--to-earliest") ? 1 : 0;
  if (const auto offsets = arguments.value("--to-offset")) {
    ++ways;
    read_offsets(*offsets, start);
    start.words = "offset " + std::string(*offsets);
  }
  if (const auto time = time_of(arguments, "--to-datetime")) {
    ++ways;
    start.time = *time;
    start.words = "records of " + text::rfc3339(*time) + " on";
  }
  if (const auto ago = duration_of(arguments, "--by-duration")) {
    ++ways;
    start.time = inline_executor().wall() - *ago;
    start.words = "records of " + text::duration(*ago) + " before it was made";
  }
  if (ways > 1) throw UsageError{"--to-earliest, --to-offset, --to-datetime and --by-duration: only one of them"};
  return start;
}

ReplayScope scope_of(const Arguments& arguments) {
  ReplayScope scope;
  if (const auto merchant = arguments.value("--merchant")) {
    if (!is_merchant_slug(*merchant)) throw UsageError{"--merchant: expected a slug of 1-40 characters a-z 0-9 . _ -"};
    scope.merchant = std::string(*merchant);
  }
  if (const auto until = arguments.value("--until")) {
    const std::string_view words(*until);
    std::int64_t offset = 0;
    const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), offset);
    const bool is_offset = error == std::errc{} && end == words.data() + words.size() && offset >= 0;
    scope.until =
        is_offset ? ReplayUntil{Offset{offset}, std::nullopt} : ReplayUntil{std::nullopt, parse_time("--until", words)};
  }
  return scope;
}

/// What is decided again, as a person reads it.
std::string words_of(const ReplayStart& start, const ReplayScope& scope) {
  auto words = start.words;
  if (scope.until)
    words += scope.until->offset ? fmt::format(", until offset {}", scope.until->offset->value)
                                 : ", until " + text::rfc3339(*scope.until->time);
  if (scope.merchant) words += ", only " + *scope.merchant;
  return words;
}

/// The version that --execute works on: an unfinished one that was begun alike, or a new one.
Result<VersionRecord> begun(Call& call, const VersionsSeen& versions, const ReplayWish& wish) {
  const auto& arguments = call.arguments;
  const auto scope = scope_of(arguments);
  auto start = start_of(arguments);
  const bool says_where = arguments.has("--to-earliest") || !start.earliest() || !scope.whole();
  start.words = words_of(start, scope);
  if (const auto& unfinished = versions.unfinished; unfinished && unfinished->planned) {
    const bool other_mapping = !wish.latest_mapping && unfinished->least_run;
    if ((!says_where || start.words == unfinished->from) && !other_mapping) return *unfinished;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("version {} was begun from {}, customers {}, and has not come to its end: go on with it by "
                    "`guidepost replay --execute`, or give it up by `guidepost replay drop {}`",
                    unfinished->version, unfinished->from, mapping_words(unfinished->least_run), unfinished->version));
  }
  const auto plan = plan_replay(*call.node, versions, start, scope, call.cancelled);
  if (!plan) return tl::unexpected(plan.error());
  return make_version(*call.node, *plan, wish, call.cancelled);
}

/// The version that --publish alone brings up to date and publishes.
Result<VersionRecord> made(const VersionsSeen& versions) {
  if (versions.unfinished && versions.unfinished->planned) return *versions.unfinished;
  if (versions.newest) return *versions.newest;
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no version newer than the published one, {}: --execute makes one",
                          versions.published.version));
}

int stopped(Call& call, const Error& error) {
  call.out.complain(error.message);
  call.out.complain("what was done is kept: the same command goes on with it");
  return 1;
}

int execute(Call& call, const VersionsSeen& versions, const ReplayWish& wish) {
  const auto version = call.arguments.has("--execute") ? begun(call, versions, wish) : made(versions);
  if (!version) return failed(call, version.error());
  const auto gone = version->caught_up ? Result<std::vector<GoneRange>>(std::vector<GoneRange>())
                                       : gone_before(*call.node, versions, *version, call.cancelled);
  if (!gone) return failed(call, gone.error());
  {
    Progress progress(call.out, fmt::format("version {}: what lies before", version->version), "rows", std::nullopt);
    const auto taken = take_over(*call.node, *version, [&](std::uint64_t rows) { progress.set(rows); }, call.cancelled);
    progress.finish();
    if (!taken && taken.error().code == ErrorCode::kOutOfRange) return failed(call, taken.error());
    if (!taken) return stopped(call, taken.error());
  }
  if (version->rest && !version->filled) {
    Progress progress(call.out, fmt::format("version {}: what is decided again", version->version), "records",
                      std::nullopt);
    const auto filled = fill(*call.node, *version, [&](std::uint64_t n) { progress.set(n); }, call.cancelled);
    progress.finish();
    const bool ends = !filled && !filled.error().retryable() && filled.error().code != ErrorCode::kCancelled;
    if (ends) return failed(call, filled.error());
    if (!filled) return stopped(call, filled.error());
  }
  Progress progress(call.out, fmt::format("version {}", version->version), "records", std::nullopt);
  std::optional<std::uint64_t> first;
  const auto caught_up = catch_up(
      *call.node, *version, wish,
      [&](std::uint64_t left) {
        first = std::max(first.value_or(left), left);
        progress.set(*first - left);
      },
      call.cancelled);
  progress.finish();
  if (!caught_up) return stopped(call, caught_up.error());
  const auto rules = rules_of_now(*call.node);
  if (!rules) return failed(call, rules.error());
  const auto settings = settings_of(*call.node, version->version, *rules, call.cancelled);
  if (!settings) return failed(call, settings.error());
  const bool publishes = call.arguments.has("--publish");
  if (publishes) {
    if (const auto published = publish_version(*call.node, versions.published, version->version, call.cancelled);
        !published)
      return failed(call, published.error());
  }
  if (call.json()) {
    nlohmann::json json{{"version", version->version}, {"published", publishes}, {"settings", to_string(*settings)}};
    json["gone"] = json_of(*gone);
    call.out.print(json.dump() + "\n");
    return 0;
  }
  call.out.print(text_of(*gone, versions.published.version));
  if (publishes) {
    call.out.print(fmt::format("version {} is published; `guidepost replay undo` takes it back\n", version->version));
  } else {
    call.out.print(
        fmt::format("version {0} has everything that the log holds; version {1} is still the one that is read\n"
                    "`guidepost replay --publish` lets everybody read version {0}\n",
                    version->version, versions.published.version));
  }
  if (*settings == Settings::kOthers || *settings == Settings::kSince) {
    call.out.print(
        fmt::format("version {} was decided by other settings than those of now, by which what comes from "
                    "here on is decided: where it was made with --set, put that into the configuration of "
                    "everybody who decides\n",
                    version->version));
  }
  return 0;
}

/// `1%`, `0.25 %`, or `1`: a share in percent. Nothing: no sample is asked for.
std::optional<double> share_of(const Arguments& arguments) {
  const auto words = arguments.value("--sample");
  if (!words) return std::nullopt;
  std::string_view rest = *words;
  double percent = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), percent);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (error != std::errc{} || (rest != "" && rest != "%" && rest != " %") || !(percent >= kLeastPercent) ||
      percent > 100)
    throw UsageError{"--sample: expected a share of the devices from 0.001% to 100%, got '" + text::escape(*words) +
                     "'"};
  return percent / 100;
}

int preview(Call& call, const ReplayPlan& plan, const ReplayWish& wish) {
  PagesFound pages;
  if (plan.kept() > 0) {
    Progress progress(call.out, "looking at pages", "pages", std::nullopt);
    const auto looked = look_below(
        *call.node, call.node->names(), plan.floors(), [&](std::uint64_t read) { progress.set(read); }, call.cancelled);
    progress.finish();
    if (!looked) return failed(call, looked.error());
    pages = *looked;
  }
  call.json() ? print_json(call, plan, pages) : print_text(call, plan, wish, pages);
  return 0;
}

int preview_sample(Call& call, const ReplayPlan& plan, const ReplayWish& wish, double share) {
  Progress progress(call.out, "deciding again", "records", plan.counted_again());
  SampleOptions options;
  options.share = share;
  options.merchant = plan.scope.merchant;
  options.examples = static_cast<std::size_t>(call.arguments.number("--limit", 0, kMostExamples).value_or(10));
  options.progress = [&](std::uint64_t records) { progress.set(records); };
  const auto sample = sample_replay(*call.node, plan, wish, options, call.cancelled);
  progress.finish();
  if (!sample) return failed(call, sample.error());
  call.json() ? print_json(call, plan, *sample, share) : print_text(call, plan, *sample, share);
  return 0;
}

int run_replay(Call& call) {
  const auto& arguments = call.arguments;
  const auto mapping = arguments.value_or("--mapping", "latest");
  if (mapping != "latest" && mapping != "as-logged") throw UsageError{"--mapping: expected latest or as-logged"};
  if (call.node->config().names.version != 0)
    throw UsageError{"names.version is set: with it nobody follows what is published. Leave it out to replay"};
  ReplayWish wish;
  wish.latest_mapping = mapping == "latest";
  wish.rate = static_cast<std::uint64_t>(arguments.number("--rate", 1, 1'000'000'000).value_or(0));
  const auto versions = see_versions(*call.node, call.cancelled);
  if (!versions) return failed(call, versions.error());
  const auto share = share_of(arguments);
  const bool acts = arguments.has("--execute") || arguments.has("--publish");
  if (share && acts) throw UsageError{"--sample looks at what would change: not together with --execute or --publish"};
  if (acts) return execute(call, *versions, wish);
  const auto plan = plan_replay(*call.node, *versions, start_of(arguments), scope_of(arguments), call.cancelled);
  if (!plan) return failed(call, plan.error());
  return share ? preview_sample(call, *plan, wish, *share) : preview(call, *plan, wish);
}

}  // namespace

Command replay_command() {
  return {
      .name = "replay",
      .group = Group::kLookAfter,
      .summary = "counts everything again beside the published numbers",
      .about =
          "Reads the raw log from its beginning, or from where you say, and decides again, by the settings of now, into\n"
          "topics and tables of the next version; the published version goes on meanwhile. What lies before the beginning\n"
          "stays as the published version counts it. Alone it says what it would do, and with --sample what would come of it,\n"
          "by deciding some of the devices again. --execute does it, and after a crash\n"
          "goes on with it. --publish then moves everybody to the new version: readers at once, daemons within seconds,\n"
          "without a gap, for both versions are whole. `replay undo` moves them back.",
      .operands = {},
      .flags =
          {{"--to-earliest", "", "from the first record that the log still can decide again (the default)",
            Use::kOptional},
           {"--to-offset", "N",
            "from this raw offset of each partition; or P:N,P:N for these partitions, the others from their end",
            Use::kOptional},
           {"--to-datetime", "T", "from the first records that the log received at this time or later", Use::kOptional},
           {"--by-duration", "D", "from so long ago: 90m, 6h, 2d", Use::kOptional},
           {"--until", "T",
            "only what the log received before this time, or below this raw offset; behind it all stays as it is",
            Use::kOptional},
           {"--merchant", "M", "only the records of this merchant; all others stay as they are", Use::kOptional},
           {"--mapping", "WHICH",
            "latest: at least the newest mapping for all events; as-logged: as it was at each event", Use::kOptional},
           {"--sample", "P%",
            "without --execute: decide so many percent of the devices again and say what would change", Use::kOptional},
           {"--limit", "N", "with --sample: name so many events as examples (10)", Use::kOptional},
           {"--rate", "N", "at most so many records a second of each partition", Use::kOptional},
           {"--execute", "", "do it", Use::kOptional},
           {"--publish", "", "let everybody read it when it has caught up", Use::kOptional}},
      .examples =
          {{"what it would do", "guidepost replay --to-earliest"},
           {"what a setting would change, by one device in a hundred",
            "guidepost replay --sample 1% --set sessions.gap=20m"},
           {"only what came in since a wrong setting was rolled out",
            "guidepost replay --to-datetime 2026-03-01T09:30:00Z --execute"},
           {"a morning of one merchant, whose events were taken for a bot's",
            "guidepost replay --to-datetime 2026-03-01T06:00:00Z --until 2026-03-01T12:00:00Z --merchant shop --execute"},
           {"after a new setting (where no `up` runs; beside it, its settings hold): make the next version, publish it",
            "guidepost replay --to-earliest --execute --set sessions.gap=20m && guidepost replay --publish"},
           {"with the customers as they were known at each event",
            "guidepost replay --to-earliest --mapping as-logged --execute"}},
      .place = Place::kStores,
      .run = run_replay};
}

}  // namespace guidepost::app
