#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/commands/status_watch.hpp"
#include "app/standing.hpp"

namespace guidepost::app {
namespace {

std::string shown(const std::optional<Offset>& offset) { return offset ? text::thousands(offset->value) : "-"; }

void print_sources(Call& call, const Standing& standing) {
  const auto& sources = *standing.sources;
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
  const auto lag = standing.lag();
  const auto number = [](std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); };
  for (const auto& s : sources) {
    all += s.ledger;
    table.add({std::to_string(s.source.number.value), s.current ? s.source.topic : s.source.topic + " (no more)",
               std::to_string(s.source.partition.value), s.current ? text::thousands(s.raw.end.value) : "-",
               shown(s.decided), s.durable ? text::thousands(s.durable->offset.value) : "-",
               s.current ? text::thousands(s.lag()) : "-", s.marker ? std::to_string(s.marker->run.value) : "-",
               number(s.ledger.counted), number(s.ledger.bad), number(s.ledger.duplicate), number(s.ledger.skipped)});
  }
  if (table.empty()) return call.out.print("nothing has come in yet\n");
  call.out.print(table.render(call.out.look()));
  call.out.print(fmt::format("\nledger   {} received = {} counted + {} bad + {} duplicate + {} skipped{}\n",
                             number(all.received()), number(all.counted), number(all.bad), number(all.duplicate),
                             number(all.skipped), all.lost > 0 ? fmt::format(" + {} lost", number(all.lost)) : ""));
  const auto fresh = counted_until(sources, standing.at);
  call.out.print("lag      " +
                 (lag <= 0 ? std::string("none: everything that came in is in the tables")
                           : text::thousands(lag) + " records are not in the tables yet") +
                 "\n");
  if (fresh && lag > 0) call.out.print("as of    " + text::rfc3339(*fresh) + "\n");
}

void print_mapping(Call& call, const Standing& standing) {
  if (standing.runs->empty()) return;
  const auto* newest = standing.mapping();
  call.out.print(
      "mapping  " +
      (newest == nullptr
           ? std::string("no run is in force")
           : fmt::format("run {} of {}, {} devices changed by it", newest->run.value, text::rfc3339(newest->finished),
                         text::thousands(static_cast<std::int64_t>(newest->counts.changed_guids)))) +
      "\n");
}

int run_status(Call& call) {
  if (const auto interval = watch_interval(call.arguments)) return watch_status(call, *interval);
  const auto standing = look_around(call);
  if (standing.problem) {
    call.out.complain(standing.problem->message);
    return 1;
  }
  if (call.json()) {
    call.out.print(json_of(standing).dump() + "\n");
  } else {
    call.out.print(store_problems(standing, call.out.look()));
    if (standing.sources) print_sources(call, standing);
    if (standing.runs) print_mapping(call, standing);
    call.out.print(gap_lines(standing, call.out.look()));
    call.out.print(stage_lines(standing, call.out.look()));
  }
  return standing.good() ? 0 : 1;
}

}  // namespace

Command status_command() {
  return {
      .name = "status",
      .group = Group::kLookAfter,
      .summary = "lag, positions, ledger, freshness, and whether everything can be reached",
      .about =
          "A line for each source: how far the log goes, up to where it is decided and in the tables, the mapping run\n"
          "that holds, and where every record ended. Exit status 1 when something cannot be reached, a stage\n"
          "failed, or one waits for records to be given up (`gap list`).\n"
          "With --watch again and again, with what came, was decided and went into the tables a second in between: on a\n"
          "terminal in place, else a line at a time, with --json an object at a time. Ctrl-C ends it, with status 0.",
      .operands = {},
      .flags = {{"--watch", "", "goes on looking until Ctrl-C", Use::kOptional},
                {"--interval", "DURATION", "how often with --watch, from 200ms to 1h, by default 2s", Use::kOptional}},
      .examples = {{"how it stands", "guidepost status"},
                   {"while something happens", "guidepost status --watch --interval 5s"},
                   {"the lag of all sources together", "guidepost status --json | jq '[.sources[].lag] | add'"}},
      .place = Place::kReads,
      .endless_with = "--watch",
      .run = run_status};
}

}  // namespace guidepost::app
