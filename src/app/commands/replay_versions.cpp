// `replay list`, `replay undo`, `replay drop`: the versions that there are.
#include <fmt/format.h>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/replay_output.hpp"
#include "app/replay.hpp"
#include "app/version_settings.hpp"

namespace guidepost::app {
namespace {

using worker::Published;
using worker::VersionRecord;
using worker::VersionTable;

int run_undo(Call& call) {
  VersionTable table(call.node->tables(), call.node->names());
  const auto published = ask<Published>([&](auto done) { table.published(std::move(done)); }, call.cancelled);
  if (!published) return failed(call, published.error());
  if (published->previous == 0) {
    call.out.complain("nothing was published yet: there is nothing to take back");
    return 1;
  }
  const auto before = ask<std::optional<VersionRecord>>(
      [&](auto done) { table.version(published->previous, std::move(done)); }, call.cancelled);
  if (!before) return failed(call, before.error());
  if (*before && (*before)->dropped) {
    call.out.complain(fmt::format("version {} was dropped: there is nothing to go back to", published->previous));
    return 1;
  }
  if (const auto done = publish_version(*call.node, *published, published->previous, call.cancelled); !done)
    return failed(call, done.error());
  call.out.print(fmt::format("version {} is read again, instead of {}; its stages go on where they stopped\n",
                             published->previous, published->version));
  return 0;
}

int run_list(Call& call) {
  VersionTable table(call.node->tables(), call.node->names());
  const auto published = ask<Published>([&](auto done) { table.published(std::move(done)); }, call.cancelled);
  if (!published) return failed(call, published.error());
  auto versions = ask<std::vector<VersionRecord>>([&](auto done) { table.versions(std::move(done)); }, call.cancelled);
  if (!versions) return failed(call, versions.error());
  auto rows = nlohmann::json::array();
  text::Table shown({{"version", text::Align::kRight},
                     {"state", text::Align::kLeft},
                     {"made", text::Align::kLeft},
                     {"caught up", text::Align::kLeft},
                     {"from", text::Align::kLeft},
                     {"customers", text::Align::kLeft},
                     {"settings", text::Align::kLeft}});
  const auto now = rules_of_now(*call.node);
  if (!now) return failed(call, now.error());
  const auto add = [&](std::uint32_t version, std::string state, const VersionRecord* record) -> Result<void> {
    const bool gone = record != nullptr && record->dropped;
    const auto settings =
        gone ? Result<Settings>(Settings::kUnknown) : settings_of(*call.node, version, *now, call.cancelled);
    if (!settings) return tl::unexpected(settings.error());

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
                    {"customers", mapping},
                    {"settings", to_string(*settings)}});
    shown.add(
        {std::to_string(version), std::move(state), made, caught_up, from, mapping, std::string(to_string(*settings))});
    return {};
  };
  const auto state_of = [&](std::uint32_t version, const VersionRecord* record) -> std::string {
    if (version == published->version) return "published";
    if (record != nullptr && record->dropped) return "dropped";
    if (record != nullptr && !record->caught_up) return "not caught up";
    return version == published->previous ? "previous" : "beside it";
  };
  if (versions->empty() || versions->front().version != 1) {  // has no row
    if (const auto added = add(1, state_of(1, nullptr), nullptr); !added) return failed(call, added.error());
  }
  for (const auto& version : *versions) {
    const auto added = add(version.version, state_of(version.version, &version), &version);
    if (!added) return failed(call, added.error());
  }
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
  if (!dropped) return failed(call, dropped.error());
  if (call.json()) call.out.print(nlohmann::json{{"dropped", version}}.dump() + "\n");
  return 0;
}

}  // namespace

Command replay_list_command() {
  return {
      .name = "replay list",
      .group = Group::kLookAfter,
      .summary = "the versions there are",
      .about =
          "Every version that was made, which one is read, and whether its numbers were decided by the settings of now.",
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
