#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/sources.hpp"
#include "identity/run_registry.hpp"

namespace guidepost::app {
namespace {

std::string shown(const std::optional<Offset>& offset) { return offset ? text::thousands(offset->value) : "-"; }

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
          {"marker", s.marker ? nlohmann::json{{"run", s.marker->run.value}, {"offset", s.marker->offset.value}}
                              : nlohmann::json()},
          {"ledger",
           {{"counted", s.ledger.counted},
            {"bad", s.ledger.bad},
            {"duplicate", s.ledger.duplicate},
            {"skipped", s.ledger.skipped}}}};
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

void print_sources(Call& call, const std::vector<SourceStanding>& sources, TimeMs now) {
  using text::Align;
  text::Table table({{"source", Align::kRight},
                     {"topic"},
                     {"partition", Align::kRight},
                     {"end", Align::kRight},
                     {"decided", Align::kRight},
                     {"in tables", Align::kRight},
                     {"lag", Align::kRight},
                     {"run", Align::kRight},
                     {"counted", Align::kRight},
                     {"bad", Align::kRight},
                     {"duplicate", Align::kRight},
                     {"skipped", Align::kRight}});
  event::LedgerCounts all;
  std::int64_t lag = 0;
  const auto number = [](std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); };
  for (const auto& s : sources) {
    all += s.ledger;
    lag += s.current ? s.lag() : 0;
    table.add({std::to_string(s.source.number.value), s.current ? s.source.topic : s.source.topic + " (no more)",
               std::to_string(s.source.partition.value), s.current ? text::thousands(s.raw.end.value) : "-",
               shown(s.decided), s.durable ? text::thousands(s.durable->offset.value) : "-",
               s.current ? text::thousands(s.lag()) : "-", s.marker ? std::to_string(s.marker->run.value) : "-",
               number(s.ledger.counted), number(s.ledger.bad), number(s.ledger.duplicate), number(s.ledger.skipped)});
  }
  if (table.empty()) return call.out.print("nothing has come in yet\n");
  call.out.print(table.render(call.out.look()));
  call.out.print(fmt::format("\nledger   {} received = {} counted + {} bad + {} duplicate + {} skipped\n",
                             number(all.received()), number(all.counted), number(all.bad), number(all.duplicate),
                             number(all.skipped)));
  const auto fresh = counted_until(sources, now);
  call.out.print("lag      " +
                 (lag <= 0 ? std::string("none: everything that came in is in the tables")
                           : text::thousands(lag) + " records are not in the tables yet") +
                 "\n");
  if (fresh && lag > 0) call.out.print("as of    " + text::rfc3339(*fresh) + "\n");
}

void print_stage(Call& call, std::string_view name, const std::vector<worker::PartitionStatus>& partitions) {
  if (partitions.empty()) return;
  std::map<std::string, std::size_t> phases;
  for (const auto& p : partitions) ++phases[p.phase];
  std::string shown_phases;
  for (const auto& [phase, n] : phases)
    shown_phases += fmt::format("{}{} {}", shown_phases.empty() ? "" : ", ", n, phase);
  call.out.print(
      fmt::format("{}  {} of {} partitions here\n", text::pad_right(name, 9), shown_phases, partitions.size()));
  for (const auto& p : partitions) {
    if (p.missing)
      call.out.print(
          red(call.out.look(),
              fmt::format("           partition {}: offsets {} to {} were decided, but their blocks are missing: "
                          "no number has them",
                          p.partition.value, p.missing->first.value, p.missing->second.value)) +
          "\n");
    if (p.failure)
      call.out.print(
          red(call.out.look(), fmt::format("           partition {}: {}", p.partition.value, p.failure->message)) +
          "\n");
  }
}

/// Asks both stores, with little patience. False: one cannot be reached.
bool reach_stores(Call& call, nlohmann::json& told) {
  using namespace std::chrono_literals;
  const auto log = ask<void>([&](auto done) { call.node->log().ping(std::move(done)); }, call.cancelled, 10s);
  const auto tables = ask<void>([&](auto done) { call.node->tables().ping(std::move(done)); }, call.cancelled, 10s);
  for (const auto& [name, answer] : {std::pair("event log", log), std::pair("table store", tables)}) {
    told[name] = answer ? nlohmann::json("ok") : nlohmann::json(answer.error().message);
    if (!call.json() && !answer)
      call.out.print(red(call.out.look(), fmt::format("the {} cannot be reached: {}", name, answer.error().message)) +
                     "\n");
  }
  return log && tables;
}

/// The newest run that is in force, and what became of the others. Errors: of the store.
Result<void> tell_runs(Call& call, nlohmann::json& json) {
  identity::RunRegistry registry(call.node->tables(), call.node->names().state(),
                                 {.give_up_after = std::chrono::seconds{10}});
  auto runs = registry.all();
  if (!runs) return tl::unexpected(runs.error());
  identity::mark_undone(*runs);
  const identity::RunRecord* newest = nullptr;
  for (const auto& run : *runs) {
    if (run.status == identity::RunStatus::kComplete) newest = &run;
    json["runs"].push_back({{"run", run.run.value},
                            {"status", identity::to_string(run.status)},
                            {"file", run.file},
                            {"started", text::rfc3339(run.started)},
                            {"changed_guids", run.counts.changed_guids}});
  }
  if (call.json() || runs->empty()) return {};
  call.out.print(
      "mapping  " +
      (newest == nullptr
           ? std::string("no run is in force")
           : fmt::format("run {} of {}, {} devices changed by it", newest->run.value, text::rfc3339(newest->finished),
                         text::thousands(static_cast<std::int64_t>(newest->counts.changed_guids)))) +
      "\n");
  return {};
}

int run_status(Call& call) {
  nlohmann::json json{{"stores", nlohmann::json::object()}};
  const auto now = inline_executor().wall();
  bool good = reach_stores(call, json["stores"]);
  if (good) {
    const auto sources = source_standings(*call.node, call.cancelled);
    if (!sources) {
      call.out.complain(sources.error().message);
      return 1;
    }
    json["sources"] = nlohmann::json::array();
    for (const auto& s : *sources) json["sources"].push_back(json_of(s));
    if (const auto fresh = counted_until(*sources, now)) json["as_of"] = text::rfc3339(*fresh);
    if (!call.json()) print_sources(call, *sources, now);
    if (const auto told = tell_runs(call, json); !told) {
      call.out.complain(told.error().message);
      return 1;
    }
  }
  if (const auto* workers = call.node->running_workers()) {
    json["stages"] = {{"ready", workers->ready()},
                      {"ingest", json_of(workers->ingest())},
                      {"aggregate", json_of(workers->aggregate())}};
    if (const auto failure = workers->failure()) json["stages"]["failure"] = failure->message;
    good &= !workers->failure().has_value();
    if (!call.json()) {
      print_stage(call, "ingest", workers->ingest());
      print_stage(call, "aggregate", workers->aggregate());
    }
  }
  if (call.json()) call.out.print(json.dump() + "\n");
  return good ? 0 : 1;
}

}  // namespace

Command status_command() {
  return {
      .name = "status",
      .group = Group::kLookAfter,
      .summary = "lag, positions, ledger, freshness, and whether everything can be reached",
      .about =
          "A line for each source: how far the log goes, up to where it is decided and in the tables, the mapping run\n"
          "that holds, and where every record ended. Exit status 1 when something cannot be reached or a stage failed.",
      .operands = {},
      .flags = {},
      .examples = {{"how it stands", "guidepost status"},
                   {"the lag of all sources together", "guidepost status --json | jq '[.sources[].lag] | add'"}},
      .place = Place::kReads,
      .run = run_status};
}

}  // namespace guidepost::app
