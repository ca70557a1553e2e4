// `replay`: another version of all numbers beside the published one; its parts make it, publish it, take it back.
#include "app/replay.hpp"

#include <fmt/format.h>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/options.hpp"
#include "app/places.hpp"
#include "app/progress.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

using worker::Published;
using worker::VersionRecord;
using worker::VersionTable;

std::string number(std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); }

int complain(Call& call, const Error& error) {
  call.out.complain(error.message);
  return 1;
}

std::string mapping_words(const std::optional<RunId>& least_run) {
  return least_run ? fmt::format("run {} or later", least_run->value) : std::string("by the markers in the log alone");
}

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

void print_plan(Call& call, const ReplayPlan& plan, const ReplayWish& wish, const PagesFound& pages) {
  call.out.print(fmt::format("version {} is published; a replay would make version {} beside it\n\n",
                             plan.versions.published.version, plan.versions.next));
  text::Table table({{"source", text::Align::kRight},
                     {"topic", text::Align::kLeft},
                     {"partition", text::Align::kRight},
                     {"from", text::Align::kRight},
                     {"received", text::Align::kLeft},
                     {"to", text::Align::kRight},
                     {"records", text::Align::kRight},
                     {"before it", text::Align::kRight}});
  for (const auto& part : plan.parts) {
    const auto of_current = [&](std::string text) { return part.current ? std::move(text) : std::string("-"); };
    table.add({std::to_string(part.source.number.value), text::escape(part.source.topic),
               std::to_string(part.source.partition.value), of_current(std::to_string(part.start.from.value)),
               of_current(text::rfc3339(part.start.time)), of_current(std::to_string(part.raw.end.value)),
               number(static_cast<std::uint64_t>(part.records())), number(static_cast<std::uint64_t>(part.kept))});
  }
  call.out.print(table.render(call.out.look()));
  call.out.print(fmt::format("\n{} records to read", number(plan.records())));
  if (wish.rate > 0) {
    std::int64_t longest = 0;
    for (const auto& part : plan.parts) longest = std::max(longest, part.records());
    call.out.print(fmt::format(", at {} a second and partition: about {} s", number(wish.rate),
                               number(static_cast<std::uint64_t>(longest) / wish.rate)));
  }
  call.out.print(fmt::format("; customers: {}\n", mapping_words(wish.latest_mapping ? plan.latest_run : std::nullopt)));
  for (const auto& part : plan.parts) {
    if (!part.start.later) continue;
    call.out.print(
        fmt::format("partition {} begins later than asked for: to decide what is before offset {}, records are "
                    "needed that the log no longer holds\n",
                    part.source.partition.value, part.start.from.value));
  }
  if (plan.kept() > 0) {
    call.out.print(
        fmt::format("{} records before them stay as version {} counts them: {} pages are taken over whole, and of "
                    "{} that go on behind the beginning the earlier part is counted again from the rows\n",
                    number(plan.kept()), plan.versions.published.version, number(pages.whole), number(pages.divided)));
  }
  if (plan.versions.unfinished) {
    call.out.print(fmt::format("version {} of an earlier replay has not caught up: --execute goes on with it\n",
                               plan.versions.unfinished->version));
  }
  call.out.print("nothing was done; --execute does it, --publish then lets everybody read it\n");
}

nlohmann::json json_of(const ReplayPlan& plan, const PagesFound& pages) {
  auto parts = nlohmann::json::array();
  for (const auto& part : plan.parts) {
    const auto of_current = [&](nlohmann::json value) { return part.current ? std::move(value) : nlohmann::json(); };
    parts.push_back({{"source", part.source.number.value},
                     {"partition", part.source.partition.value},
                     {"current", part.current},
                     {"from", of_current(part.start.from.value)},
                     {"received", of_current(text::rfc3339(part.start.time))},
                     {"to", of_current(part.raw.end.value)},
                     {"later", part.start.later},
                     {"before", part.kept}});
  }
  return {{"published", plan.versions.published.version},
          {"next_version", plan.versions.next},
          {"records", plan.records()},
          {"before", plan.kept()},
          {"pages", {{"whole", pages.whole}, {"divided", pages.divided}}},
          {"sources", std::move(parts)}};
}

/// The version that --execute works on: an unfinished one that was begun alike, or a new one.
Result<VersionRecord> begun(Call& call, const VersionsSeen& versions, const ReplayWish& wish) {
  const auto& arguments = call.arguments;
  const auto start = start_of(arguments);
  if (const auto& unfinished = versions.unfinished; unfinished && unfinished->planned) {
    const bool says_where = arguments.has("--to-earliest") || !start.earliest();
    const bool other_mapping = !wish.latest_mapping && unfinished->least_run;
    if ((!says_where || start.words == unfinished->from) && !other_mapping) return *unfinished;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("version {} was begun from {}, customers {}, and has not come to its end: go on with it by "
                    "`guidepost replay --execute`, or give it up by `guidepost replay drop {}`",
                    unfinished->version, unfinished->from, mapping_words(unfinished->least_run), unfinished->version));
  }
  const auto plan = plan_replay(*call.node, versions, start, call.cancelled);
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

Result<void> publish(Call& call, const Published& seen, std::uint32_t version) {
  VersionTable table(call.node->tables(), call.node->names());
  const auto done_so = ask<bool>(
      [&](auto done) { table.publish(seen, version, inline_executor().wall(), std::move(done)); }, call.cancelled);
  if (!done_so) return tl::unexpected(done_so.error());
  if (!*done_so)
    return fail(ErrorCode::kFailed, "someone else has published a version meanwhile: look at `replay list`");
  return {};
}

int stopped(Call& call, const Error& error) {
  call.out.complain(error.message);
  call.out.complain("what was done is kept: the same command goes on with it");
  return 1;
}

int execute(Call& call, const VersionsSeen& versions, const ReplayWish& wish) {
  const auto version = call.arguments.has("--execute") ? begun(call, versions, wish) : made(versions);
  if (!version) return complain(call, version.error());
  {
    Progress progress(call.out, fmt::format("version {}: what lies before", version->version), "rows", std::nullopt);
    const auto taken = take_over(*call.node, *version, [&](std::uint64_t rows) { progress.set(rows); }, call.cancelled);
    progress.finish();
    if (!taken && taken.error().code == ErrorCode::kOutOfRange) return complain(call, taken.error());
    if (!taken) return stopped(call, taken.error());
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
  const bool publishes = call.arguments.has("--publish");
  if (publishes) {
    if (const auto published = publish(call, versions.published, version->version); !published)
      return complain(call, published.error());
  }
  if (call.json()) {
    call.out.print(nlohmann::json{{"version", version->version}, {"published", publishes}}.dump() + "\n");
  } else if (publishes) {
    call.out.print(fmt::format("version {} is published; `guidepost replay undo` takes it back\n", version->version));
  } else {
    call.out.print(
        fmt::format("version {0} has everything that the log holds; version {1} is still the one that is read\n"
                    "`guidepost replay --publish` lets everybody read version {0}\n",
                    version->version, versions.published.version));
  }
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
  if (!versions) return complain(call, versions.error());
  if (arguments.has("--execute") || arguments.has("--publish")) return execute(call, *versions, wish);
  const auto plan = plan_replay(*call.node, *versions, start_of(arguments), call.cancelled);
  if (!plan) return complain(call, plan.error());
  PagesFound pages;
  if (plan->kept() > 0) {
    Progress progress(call.out, "looking at pages", "pages", std::nullopt);
    const auto looked = look_below(
        *call.node, call.node->names(), plan->floors(), [&](std::uint64_t read) { progress.set(read); },
        call.cancelled);
    progress.finish();
    if (!looked) return complain(call, looked.error());
    pages = *looked;
  }
  call.json() ? call.out.print(json_of(*plan, pages).dump() + "\n") : print_plan(call, *plan, wish, pages);
  return 0;
}

int run_undo(Call& call) {
  VersionTable table(call.node->tables(), call.node->names());
  const auto published = ask<Published>([&](auto done) { table.published(std::move(done)); }, call.cancelled);
  if (!published) return complain(call, published.error());
  if (published->previous == 0) {
    call.out.complain("nothing was published yet: there is nothing to take back");
    return 1;
  }
  const auto before = ask<std::optional<VersionRecord>>(
      [&](auto done) { table.version(published->previous, std::move(done)); }, call.cancelled);
  if (!before) return complain(call, before.error());
  if (*before && (*before)->dropped) {
    call.out.complain(fmt::format("version {} was dropped: there is nothing to go back to", published->previous));
    return 1;
  }
  if (const auto done = publish(call, *published, published->previous); !done) return complain(call, done.error());
  call.out.print(fmt::format("version {} is read again, instead of {}; its stages go on where they stopped\n",
                             published->previous, published->version));
  return 0;
}

int run_list(Call& call) {
  VersionTable table(call.node->tables(), call.node->names());
  const auto published = ask<Published>([&](auto done) { table.published(std::move(done)); }, call.cancelled);
  if (!published) return complain(call, published.error());
  auto versions = ask<std::vector<VersionRecord>>([&](auto done) { table.versions(std::move(done)); }, call.cancelled);
  if (!versions) return complain(call, versions.error());
  auto rows = nlohmann::json::array();
  text::Table shown({{"version", text::Align::kRight},
                     {"state", text::Align::kLeft},
                     {"made", text::Align::kLeft},
                     {"caught up", text::Align::kLeft},
                     {"from", text::Align::kLeft},
                     {"customers", text::Align::kLeft}});
  const auto add = [&](std::uint32_t version, std::string state, const VersionRecord* record) {
    const auto when = [](const std::optional<TimeMs>& t) { return t ? text::rfc3339(*t) : std::string(); };
    const auto made = record != nullptr ? text::rfc3339(record->made) : std::string();
    const auto caught_up = record != nullptr ? when(record->caught_up) : std::string();
    const auto from = record != nullptr ? record->from : std::string("made by init");
    const auto mapping = mapping_words(record != nullptr ? record->least_run : std::nullopt);
    rows.push_back({{"version", version},
                    {"state", state},
                    {"made", made},
                    {"caught_up", caught_up},
                    {"from", from},
                    {"customers", mapping}});
    shown.add({std::to_string(version), std::move(state), made, caught_up, from, mapping});
  };
  const auto state_of = [&](std::uint32_t version, const VersionRecord* record) -> std::string {
    if (version == published->version) return "published";
    if (record != nullptr && record->dropped) return "dropped";
    if (record != nullptr && !record->caught_up) return "not caught up";
    return version == published->previous ? "previous" : "beside it";
  };
  if (versions->empty() || versions->front().version != 1) add(1, state_of(1, nullptr), nullptr);  // has no row
  for (const auto& version : *versions) add(version.version, state_of(version.version, &version), &version);
  call.json() ? call.out.print(rows.dump() + "\n") : call.out.print(shown.render(call.out.look()));
  return 0;
}

int run_drop(Call& call) {
  const auto& word = call.arguments.operands().front();
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), version);
  if (error != std::errc{} || end != word.data() + word.size() || version == 0)
    throw UsageError{"VERSION: expected a number as `replay list` shows it"};
  const auto dropped = drop_version(
      *call.node, version,
      [&](const std::string& what) {
        if (!call.json()) call.out.print("dropped  " + what + "\n");
      },
      call.cancelled);
  if (!dropped) return complain(call, dropped.error());
  if (call.json()) call.out.print(nlohmann::json{{"dropped", version}}.dump() + "\n");
  return 0;
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
          "stays as the published version counts it. Alone it says what it would do. --execute does it, and after a crash\n"
          "goes on with it. --publish then moves everybody to the new version: readers at once, daemons within seconds,\n"
          "without a gap, for both versions are whole. `replay undo` moves them back.",
      .operands = {},
      .flags = {{"--to-earliest", "", "from the first record that the log still can decide again (the default)",
                 Use::kOptional},
                {"--to-offset", "N",
                 "from this raw offset of each partition; or P:N,P:N for these partitions, the others from their end",
                 Use::kOptional},
                {"--to-datetime", "T", "from the first records that the log received at this time or later",
                 Use::kOptional},
                {"--by-duration", "D", "from so long ago: 90m, 6h, 2d", Use::kOptional},
                {"--mapping", "WHICH",
                 "latest: at least the newest mapping for all events; as-logged: as it was at each event",
                 Use::kOptional},
                {"--rate", "N", "at most so many records a second of each partition", Use::kOptional},
                {"--execute", "", "do it", Use::kOptional},
                {"--publish", "", "let everybody read it when it has caught up", Use::kOptional}},
      .examples =
          {{"what it would do", "guidepost replay --to-earliest"},
           {"only what came in since a wrong setting was rolled out",
            "guidepost replay --to-datetime 2026-03-01T09:30:00Z --execute"},
           {"after a new setting (where no `up` runs; beside it, its settings hold): make the next version, publish it",
            "guidepost replay --to-earliest --execute --set sessions.gap=20m && guidepost replay --publish"},
           {"with the customers as they were known at each event",
            "guidepost replay --to-earliest --mapping as-logged --execute"}},
      .place = Place::kStores,
      .run = run_replay};
}

Command replay_list_command() {
  return {
      .name = "replay list",
      .group = Group::kLookAfter,
      .summary = "the versions there are",
      .about = "Every version that was made, and which one is read.",
      .operands = {},
      .flags = {},
      .examples = {{"which one is read", "guidepost replay list"}, {"for a program", "guidepost replay list --json"}},
      .place = Place::kReads,
      .run = run_list};
}

Command replay_undo_command() {
  return {.name = "replay undo",
          .group = Group::kLookAfter,
          .summary = "reads the version before again",
          .about = "Publishes the version that was read before. Its stages go on where they stopped and catch up.",
          .operands = {},
          .flags = {},
          .examples = {{"back to what was read before", "guidepost replay undo"},
                       {"on a cluster", "guidepost replay undo --config config/cluster.toml"}},
          .place = Place::kReads,
          .run = run_undo};
}

Command replay_drop_command() {
  return {
      .name = "replay drop",
      .group = Group::kLookAfter,
      .summary = "deletes the tables and the topic of a version that is not read",
      .about =
          "Deletes everything that a version consists of. It cannot be taken back, but made again while the log holds it.",
      .operands = {{"VERSION", "its number, as `replay list` shows it"}},
      .flags = {},
      .examples = {{"the first one, when nobody needs to go back to it", "guidepost replay drop 1"},
                   {"one that is not wanted after all", "guidepost replay drop 3"}},
      .place = Place::kReads,
      .run = run_drop};
}

}  // namespace guidepost::app
