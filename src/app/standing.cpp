#include "app/standing.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/gaps.hpp"
#include "identity/run_registry.hpp"

namespace guidepost::app {
namespace {

nlohmann::json json_of(const SourceStanding& s) {
  const auto number = [](const std::optional<Offset>& o) { return o ? nlohmann::json(o->value) : nlohmann::json(); };
  return {{"source", s.source.number.value},
          {"topic", s.source.topic},
          {"topic_id", s.source.topic_id},
          {"partition", s.source.partition.value},
          {"current", s.current},
          {"raw", {{"begin", s.raw.begin.value}, {"end", s.raw.end.value}}},
          {"resolved", {{"begin", s.resolved.begin.value}, {"end", s.resolved.end.value}}},
          {"decided", number(s.decided)},
          {"applied", number(s.applied)},
          {"durable", s.durable ? nlohmann::json{{"offset", s.durable->offset.value},
                                                 {"time", text::rfc3339(s.durable->record_time)}}
                                : nlohmann::json()},
          {"floor", s.floor.value},
          {"lag", s.lag()},
          {"waiting_since", s.waiting_since ? nlohmann::json(text::rfc3339(*s.waiting_since)) : nlohmann::json()},
          {"marker", s.marker ? nlohmann::json{{"run", s.marker->run.value}, {"offset", s.marker->offset.value}}
                              : nlohmann::json()},
          {"ledger",
           {{"counted", s.ledger.counted},
            {"bad", s.ledger.bad},
            {"duplicate", s.ledger.duplicate},
            {"skipped", s.ledger.skipped},
            {"lost", s.ledger.lost}}}};
}

nlohmann::json json_of(const std::vector<worker::PartitionStatus>& partitions) {
  auto list = nlohmann::json::array();
  for (const auto& p : partitions) {
    list.push_back({{"partition", p.partition.value},
                    {"phase", p.phase},
                    {"position", p.position.value},
                    {"committed", p.committed.value},
                    {"pending", p.pending}});
    if (p.missing) list.back()["missing"] = {{"from", p.missing->first.value}, {"to", p.missing->second.value}};
    if (p.failure) list.back()["failure"] = p.failure->message;
  }
  return list;
}

/// Asks both stores, with little patience.
std::vector<Standing::Store> ask_stores(Call& call) {
  using namespace std::chrono_literals;
  const auto problem = [](const Result<void>& answer) {
    return answer ? std::nullopt : std::optional<Error>(answer.error());
  };
  const auto log = ask<void>([&](auto done) { call.node->log().ping(std::move(done)); }, call.cancelled, 10s);
  const auto tables = ask<void>([&](auto done) { call.node->tables().ping(std::move(done)); }, call.cancelled, 10s);
  return {{"event log", problem(log)}, {"table store", problem(tables)}};
}

/// Of the store's, what stops it.
Result<void> read(Call& call, Standing& to) {
  if (const auto looked = call.node->look_at_version(call.cancelled); !looked) return looked;
  auto sources = source_standings(*call.node, call.cancelled);
  if (!sources) return tl::unexpected(sources.error());
  to.sources = std::move(*sources);
  auto gaps = gaps_of_version(*call.node, call.cancelled);
  if (!gaps) return tl::unexpected(gaps.error());
  to.gaps = std::move(*gaps);
  identity::RunRegistry registry(call.node->tables(), call.node->names().state(),
                                 {.give_up_after = std::chrono::seconds{10}});
  auto runs = registry.all();
  if (!runs) return tl::unexpected(runs.error());
  identity::mark_undone(*runs);
  to.runs = std::move(*runs);
  return {};
}

std::string lines_of(std::string_view name, const std::vector<worker::PartitionStatus>& partitions,
                     const text::Look& look) {
  if (partitions.empty()) return {};
  std::map<std::string, std::size_t> phases;
  for (const auto& p : partitions) ++phases[p.phase];
  std::string shown_phases;
  for (const auto& [phase, n] : phases)
    shown_phases += fmt::format("{}{} {}", shown_phases.empty() ? "" : ", ", n, phase);
  auto lines = fmt::format("{}  {} of {} partitions here\n", text::pad_right(name, 9), shown_phases, partitions.size());
  for (const auto& p : partitions) {
    if (p.missing)
      lines += red(look, fmt::format("           partition {}: offsets {} to {} were decided, but their blocks are "
                                     "missing: no number has them",
                                     p.partition.value, p.missing->first.value, p.missing->second.value)) +
               "\n";
    if (p.failure)
      lines += red(look, fmt::format("           partition {}: {}", p.partition.value, p.failure->message)) + "\n";
  }
  return lines;
}

}  // namespace

bool Standing::reached() const {
  return std::none_of(stores.begin(), stores.end(), [](const Store& store) { return store.problem.has_value(); });
}

bool Standing::good() const {
  const bool waits = std::any_of(gaps.begin(), gaps.end(), [](const worker::Gap& gap) { return !gap.accepted; });
  return reached() && !problem && !waits && !(stages && stages->failure);
}

const identity::RunRecord* Standing::mapping() const {
  const identity::RunRecord* newest = nullptr;
  if (!runs) return newest;
  for (const auto& run : *runs) {
    if (run.status == identity::RunStatus::kComplete) newest = &run;
  }
  return newest;
}

std::int64_t Standing::lag() const {
  std::int64_t all = 0;
  if (!sources) return all;
  for (const auto& source : *sources) all += source.current ? source.lag() : 0;
  return all;
}

Standing look_around(Call& call) {
  Standing standing;
  standing.at = inline_executor().wall();
  standing.stores = ask_stores(call);
  if (standing.reached()) {
    if (const auto done = read(call, standing); !done) standing.problem = done.error();
  }
  if (const auto* workers = call.node->running_workers())
    standing.stages = {workers->ready(), workers->ingest(), workers->aggregate(), workers->failure()};
  return standing;
}

nlohmann::json json_of(const Standing& standing) {
  nlohmann::json json{{"stores", nlohmann::json::object()}};
  for (const auto& store : standing.stores)
    json["stores"][store.name] = store.problem ? nlohmann::json(store.problem->message) : nlohmann::json("ok");
  if (standing.problem) json["problem"] = standing.problem->message;
  if (standing.sources) {
    json["sources"] = nlohmann::json::array();
    for (const auto& source : *standing.sources) json["sources"].push_back(json_of(source));
    json["gaps"] = json_of(standing.gaps);
    if (const auto fresh = counted_until(*standing.sources, standing.at)) json["as_of"] = text::rfc3339(*fresh);
  }
  if (standing.runs) {
    for (const auto& run : *standing.runs)
      json["runs"].push_back({{"run", run.run.value},
                              {"status", identity::to_string(run.status)},
                              {"file", run.file},
                              {"started", text::rfc3339(run.started)},
                              {"changed_guids", run.counts.changed_guids}});
  }
  if (standing.stages) {
    const auto& stages = *standing.stages;
    json["stages"] = {
        {"ready", stages.ready}, {"ingest", json_of(stages.ingest)}, {"aggregate", json_of(stages.aggregate)}};
    if (stages.failure) json["stages"]["failure"] = stages.failure->message;
  }
  return json;
}

std::string store_problems(const Standing& standing, const text::Look& look) {
  std::string lines;
  for (const auto& store : standing.stores) {
    if (store.problem)
      lines += red(look, fmt::format("the {} cannot be reached: {}", store.name, store.problem->message)) + "\n";
  }
  if (standing.problem) lines += red(look, standing.problem->message) + "\n";
  return lines;
}

std::string gap_lines(const Standing& standing, const text::Look& look) {
  std::string lines;
  for (const auto& gap : standing.gaps) lines += (gap.accepted ? line_of(gap) : red(look, line_of(gap))) + "\n";
  return lines;
}

std::string stage_lines(const Standing& standing, const text::Look& look) {
  if (!standing.stages) return {};
  return lines_of("ingest", standing.stages->ingest, look) + lines_of("aggregate", standing.stages->aggregate, look);
}

}  // namespace guidepost::app
