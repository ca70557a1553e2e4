#include "app/replay.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/ask.hpp"
#include "app/counted.hpp"
#include "app/installation.hpp"
#include "app/options.hpp"
#include "identity/run_registry.hpp"

namespace guidepost::app {
namespace {

Config config_of(const Node& node, std::uint32_t version) {
  auto config = node.config();
  config.names.version = version;
  return config;
}

Result<std::optional<RunId>> latest_run(Node& node) {
  identity::RunRegistry registry(node.tables(), node.names().state(), {.give_up_after = std::chrono::seconds{30}});
  auto runs = registry.all();
  if (!runs) return tl::unexpected(runs.error());
  std::optional<RunId> latest;
  for (const auto& run : *runs) {
    if (run.status == identity::RunStatus::kComplete) latest = run.run;
  }
  return latest;
}

Result<std::vector<worker::VersionRecord>> all_versions(Node& node, const std::stop_token& cancelled) {
  worker::VersionTable table(node.tables(), node.names());
  return ask<std::vector<worker::VersionRecord>>([&](auto done) { table.versions(std::move(done)); }, cancelled);
}

}  // namespace

std::uint64_t ReplayPlan::records() const {
  std::int64_t sum = 0;
  for (const auto& part : parts) sum += part.records();
  return static_cast<std::uint64_t>(sum);
}

std::uint64_t ReplayPlan::counted_again() const {
  std::int64_t sum = 0;
  for (const auto& part : parts)
    sum += part.current ? std::max<std::int64_t>(std::min(part.counted, part.until) - part.start.from, 0) : 0;
  return static_cast<std::uint64_t>(sum);
}

std::uint64_t ReplayPlan::kept() const {
  std::int64_t sum = 0;
  for (const auto& part : parts) sum += part.kept;
  return static_cast<std::uint64_t>(sum);
}

std::optional<std::uint32_t> ReplayPlan::base() const {
  return kept() > 0 ? std::optional(versions.published.version) : std::nullopt;
}

Floors ReplayPlan::floors() const {
  Floors floors;
  for (const auto& part : parts) floors[part.source.number] = part.current ? part.start.from : kWhole;
  return floors;
}

Result<VersionsSeen> see_versions(Node& node, const std::stop_token& cancelled) {
  VersionsSeen seen;
  worker::VersionTable table(node.tables(), node.names());
  const auto published = ask<worker::Published>([&](auto done) { table.published(std::move(done)); }, cancelled);
  if (!published) return tl::unexpected(published.error());
  seen.published = *published;
  const auto versions = all_versions(node, cancelled);
  if (!versions) return tl::unexpected(versions.error());
  seen.next = published->version + 1;
  for (const auto& version : *versions) {
    seen.next = std::max(seen.next, version.version + 1);
    if (version.version == published->version) seen.least_run = version.least_run.value_or(RunId{0});
    if (version.dropped || version.version == 1) continue;  // `init` made the first one
    if (!version.caught_up) seen.unfinished = version;
    if (version.caught_up && version.version > published->version) seen.newest = version;
  }
  return seen;
}

Result<ReplayPlan> plan_replay(Node& node, const VersionsSeen& versions, const ReplayStart& start,
                               const ReplayScope& scope, const std::stop_token& cancelled) {
  ReplayPlan plan;
  plan.versions = versions;
  plan.start = start;
  plan.start.needs_blocks = !scope.whole();
  plan.scope = scope;
  const auto standings = source_standings(node, cancelled);
  if (!standings) return tl::unexpected(standings.error());
  auto unknown = start.offsets;
  for (const auto& s : *standings) {
    const auto counted = s.durable ? s.durable->offset : s.floor;
    ReplayPlan::Part part{s.source, s.raw, {}, counted, s.raw.end, 0, s.current};
    if (s.current) {
      auto found = find_start(node, s, plan.start, versions.least_run, cancelled);
      if (!found) return tl::unexpected(found.error());
      part.start = std::move(*found);
      part.kept = part.start.from - s.known_from;
      if (scope.until) {
        const auto until =
            until_of(node.log(), {node.names().raw_topic(), s.source.partition}, *scope.until, s.raw.end, cancelled);
        if (!until) return tl::unexpected(until.error());
        part.until = std::max(*until, part.start.from);
      }
      unknown.erase(s.source.partition);
    } else {
      part.start.from = s.floor;
      part.start.commit = s.floor_commit;
      part.kept = counted - s.known_from;
    }
    plan.parts.push_back(std::move(part));
  }
  if (!unknown.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--to-offset: there is no partition {}", unknown.begin()->first.value));
  }
  if (scope.until && plan.counted_again() == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "--until: nothing lies between the beginning and it, of what the published version has decided itself, "
                "and still has the blocks of");
  }
  const auto run = latest_run(node);
  if (!run) return tl::unexpected(run.error());
  plan.latest_run = *run;
  return plan;
}

std::vector<GoneRange> gone_of(const ReplayPlan& plan) {
  std::vector<GoneRange> gone;
  for (const auto& part : plan.parts) {
    if (!part.current) continue;
    const auto known_from = part.start.from - part.kept;
    const auto first = std::min(part.start.first, part.start.from);
    if (first > known_from) gone.push_back({part.source.partition, known_from, first});
  }
  return gone;
}

Result<std::vector<GoneRange>> gone_before(Node& node, const VersionsSeen& versions,
                                           const worker::VersionRecord& version, const std::stop_token& cancelled) {
  ReplayScope scope;
  scope.merchant = version.merchant;
  const auto plan = plan_replay(node, versions, {}, scope, cancelled);
  // Where by now nothing can be begun any more, what was begun still goes on.
  if (!plan && plan.error().code == ErrorCode::kOutOfRange) return std::vector<GoneRange>();
  if (!plan) return tl::unexpected(plan.error());
  return gone_of(*plan);
}

Result<worker::VersionRecord> make_version(Node& node, const ReplayPlan& plan, const ReplayWish& wish,
                                           const std::stop_token& cancelled) {
  for (const auto& part : plan.parts) {
    if (!part.current || part.start.run_known || wish.latest_mapping) continue;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("partition {}: which mapping held at offset {} is no longer in the resolved log, so nothing can "
                    "be resolved as it was logged: begin later, or take --mapping latest",
                    part.source.partition.value, part.start.from.value));
  }
  const auto now = inline_executor().wall();
  worker::VersionRecord record;
  const bool taken = plan.versions.unfinished.has_value();
  record.version = taken ? plan.versions.unfinished->version : plan.versions.next;
  record.from = plan.start.words;
  record.base = plan.base();
  if (!plan.scope.whole()) record.rest = plan.versions.published.version;
  record.merchant = plan.scope.merchant;
  if (plan.scope.until) record.until = plan.scope.until->encode();
  record.made = taken ? plan.versions.unfinished->made : now;
  if (wish.latest_mapping) record.least_run = plan.latest_run;
  worker::VersionTable table(node.tables(), node.names());
  if (!taken) {
    const auto made = ask<bool>([&](auto done) { table.make(record, std::move(done)); }, cancelled);
    if (!made) return tl::unexpected(made.error());
    if (!*made)
      return fail(ErrorCode::kFailed, fmt::format("someone else is making version {} just now", record.version));
  }
  std::string wrong;
  const bool good = install(
      config_of(node, record.version), node.log(), node.tables(), now,
      [&](const InstallStep& step) {
        const bool step_good =
            step.outcome == InstallStep::Outcome::kMade || step.outcome == InstallStep::Outcome::kThere;
        if (!step_good) wrong += fmt::format("{}{} {}: {}", wrong.empty() ? "" : "; ", step.kind, step.name, step.note);
      },
      cancelled);
  if (!good) return fail(ErrorCode::kFailed, wrong);
  for (const auto& part : plan.parts) {
    if (!part.current && !record.base) continue;  // else it stays what it is there, where its ledger begins included
    const auto commit = record.base ? part.start.commit : std::string();
    const auto put = ask<void>(
        [&](auto done) {
          table.set_floor(record.version, part.source.number, part.start.from, commit, std::move(done));
        },
        cancelled);
    if (!put) return tl::unexpected(put.error());
  }
  record.planned = now;
  const auto planned = ask<void>([&](auto done) { table.set_planned(record, now, std::move(done)); }, cancelled);
  if (!planned) return tl::unexpected(planned.error());
  return record;
}

namespace {

/// Of the sources that are no more: how far the base has counted them.
Result<std::map<SourceId, worker::DurablePosition>> ended_sources(Node& node, const Names& base,
                                                                  const std::vector<SourceStanding>& sources,
                                                                  const std::stop_token& cancelled) {
  std::map<SourceId, worker::DurablePosition> ended;
  worker::StateTable state(node.tables(), base);
  for (const auto& s : sources) {
    if (s.current) continue;
    const auto durable = ask<std::optional<worker::DurablePosition>>(
        [&](auto done) { state.durable(s.source.number, std::move(done)); }, cancelled);
    if (!durable) return tl::unexpected(durable.error());
    if (*durable) ended[s.source.number] = **durable;
  }
  return ended;
}

Result<void> copy(Node& node, const worker::VersionRecord& version, const std::function<void(std::uint64_t)>& progress,
                  const std::stop_token& cancelled) {
  auto next = node.names();
  next.version = version.version;
  auto base = node.names();
  base.version = *version.base;
  const auto sources = source_standings(node, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  const auto ended = ended_sources(node, base, *sources, cancelled);
  if (!ended) return tl::unexpected(ended.error());
  worker::StateTable state(node.tables(), next);
  Floors floors;
  for (const auto& s : *sources) {
    const auto floor = ask<Offset>([&](auto done) { state.floor(s.source.number, std::move(done)); }, cancelled);
    if (!floor) return tl::unexpected(floor.error());
    floors[s.source.number] = s.current ? *floor : kWhole;
  }
  if (auto copied = copy_below(node, base, next, floors, progress, cancelled); !copied) return copied;
  const auto ended_now = ended_sources(node, base, *sources, cancelled);
  if (!ended_now) return tl::unexpected(ended_now.error());
  for (const auto& [source, durable] : *ended) {
    const auto now = ended_now->find(source);
    if (now == ended_now->end() || now->second.offset != durable.offset) {
      return fail(ErrorCode::kFailed, fmt::format("source {}, of a topic that is no more, was still being counted in "
                                                  "version {}: once more",
                                                  source.value, *version.base));
    }
    // Nobody applies anything of it any more: it stays as far as it came.
    const worker::StateTable::Writer writer{"replay", inline_executor().wall(), durable.offset};
    const auto put =
        ask<void>([&](auto done) { state.put_durable(source, durable, writer, std::move(done)); }, cancelled);
    if (!put) return put;
  }
  worker::VersionTable table(node.tables(), node.names());
  return ask<void>([&](auto done) { table.set_copied(version.version, inline_executor().wall(), std::move(done)); },
                   cancelled);
}

/// Whether the log still holds where the version begins. Retention goes on while it is made.
Result<void> check_log(Node& node, const worker::VersionRecord& version, const std::stop_token& cancelled) {
  auto names = node.names();
  names.version = version.version;
  worker::StateTable state(node.tables(), names);
  const auto sources = source_standings(node, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  for (const auto& s : *sources) {
    if (!s.current) continue;
    const auto durable = ask<std::optional<worker::DurablePosition>>(
        [&](auto done) { state.durable(s.source.number, std::move(done)); }, cancelled);
    if (!durable) return tl::unexpected(durable.error());
    const auto floor = ask<Offset>([&](auto done) { state.floor(s.source.number, std::move(done)); }, cancelled);
    if (!floor) return tl::unexpected(floor.error());
    if (*durable || *floor >= s.raw.begin) continue;
    return fail(
        ErrorCode::kOutOfRange,
        fmt::format("version {} begins at offset {} of partition {}, and the log now begins at {}: `guidepost replay "
                    "drop {}`, and begin later",
                    version.version, floor->value, s.source.partition.value, s.raw.begin.value, version.version));
  }
  return {};
}

}  // namespace

Result<void> take_over(Node& node, const worker::VersionRecord& version,
                       const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  if (version.base && !version.copied) {
    if (auto good = check_log(node, version, cancelled); !good) return good;
    if (auto copied = copy(node, version, progress, cancelled); !copied) return copied;
  }
  return check_log(node, version, cancelled);
}

Result<void> fill(Node& node, const worker::VersionRecord& version, const std::function<void(std::uint64_t)>& progress,
                  const std::stop_token& cancelled) {
  if (!version.rest || version.filled) return {};
  if (auto filled = fill_version(node, version, progress, cancelled); !filled) return filled;
  worker::VersionTable table(node.tables(), node.names());
  return ask<void>([&](auto done) { table.set_filled(version.version, inline_executor().wall(), std::move(done)); },
                   cancelled);
}

Result<void> publish_version(Node& node, const worker::Published& seen, std::uint32_t version,
                             const std::stop_token& cancelled) {
  worker::VersionTable table(node.tables(), node.names());
  const auto done_so =
      ask<bool>([&](auto done) { table.publish(seen, version, inline_executor().wall(), std::move(done)); }, cancelled);
  if (!done_so) return tl::unexpected(done_so.error());
  if (!*done_so)
    return fail(ErrorCode::kFailed, "someone else has published a version meanwhile: look at `replay list`");
  return {};
}

Result<void> drop_version(Node& node, std::uint32_t version, const std::function<void(const std::string&)>& told,
                          const std::stop_token& cancelled) {
  worker::VersionTable table(node.tables(), node.names());
  const auto published = ask<worker::Published>([&](auto done) { table.published(std::move(done)); }, cancelled);
  if (!published) return tl::unexpected(published.error());
  if (published->version == version) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("version {} is the one that is read: publish another one first", version));
  }
  const auto known =
      ask<std::optional<worker::VersionRecord>>([&](auto done) { table.version(version, std::move(done)); }, cancelled);
  if (!known) return tl::unexpected(known.error());
  if (!*known && version != 1) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("there is no version {}: look at `replay list`", version));
  }
  const auto others = all_versions(node, cancelled);
  if (!others) return tl::unexpected(others.error());
  for (const auto& other : *others) {
    const bool copies = other.base == version && !other.copied;
    const bool fills = other.rest == version && !other.filled;
    if (other.dropped || (!copies && !fills)) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("version {} goes on from it, and is still taking over what it has", other.version));
  }
  // Said first: nobody goes back to what is half deleted. (`init` made the first one, which has no row before.)
  const auto now = inline_executor().wall();
  if (!*known) {
    worker::VersionRecord first;
    first.version = 1;
    first.from = "made by init";
    first.made = now;
    if (const auto made = ask<bool>([&](auto done) { table.make(first, std::move(done)); }, cancelled); !made)
      return tl::unexpected(made.error());
  }
  if (const auto said = ask<void>([&](auto done) { table.set_dropped(version, now, std::move(done)); }, cancelled);
      !said)
    return said;
  auto names = node.names();
  names.version = version;
  for (const auto& stem : names.tables_of_version()) {
    const auto found =
        ask<std::vector<std::string>>([&](auto done) { node.tables().list_tables(stem, std::move(done)); }, cancelled);
    if (!found) return tl::unexpected(found.error());
    for (const auto& name : *found) {
      if (stem.back() != '_' && name != stem) continue;
      const auto dropped = ask<void>([&](auto done) { node.tables().drop_table(name, std::move(done)); }, cancelled);
      if (!dropped && dropped.error().code != ErrorCode::kNotFound) return dropped;
      told("table " + name);
    }
  }
  const auto deleted =
      ask<void>([&](auto done) { node.log().delete_topic(names.resolved_topic(), std::move(done)); }, cancelled);
  if (!deleted && deleted.error().code != ErrorCode::kNotFound) return deleted;
  told("topic " + names.resolved_topic());
  return {};
}

Result<void> catch_up(Node& node, const worker::VersionRecord& version, const ReplayWish& wish,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  std::stop_source stop;
  const std::stop_callback when_cancelled(cancelled, [&] { stop.request_stop(); });
  auto config = config_of(node, version.version);
  config.kafka.member.clear();  // a slot in the groups of daemons is not this command's
  auto workers = Workers::start(
      config, Stages::kBoth, node.log(), node.tables(), [&](const Error&) { stop.request_stop(); },
      Replaying{wish.rate});
  if (!workers) return tl::unexpected(workers.error());
  auto names = node.names();
  names.version = version.version;
  const auto ends = raw_ends(node.log(), names);
  if (!ends) return tl::unexpected(ends.error());
  const auto counted = wait_until_counted(
      node.log(), node.tables(), names, *ends, [&] { (*workers)->flush(); }, progress, stop.get_token());
  const auto failure = (*workers)->failure();
  const bool drained = (*workers)->stop(config.process.drain);
  if (failure) return tl::unexpected(*failure);
  if (!counted) return counted;
  if (!drained) return fail(ErrorCode::kTimedOut, "not everything was written within process.drain; once more goes on");
  if (version.caught_up) return {};
  worker::VersionTable table(node.tables(), names);
  return ask<void>([&](auto done) { table.set_caught_up(version.version, inline_executor().wall(), std::move(done)); },
                   cancelled);
}

}  // namespace guidepost::app
