#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/gaps.hpp"

namespace guidepost::app {
namespace {

constexpr std::size_t kMostBytesOfAName = 128;

Result<std::vector<worker::Gap>> known(Call& call) {
  if (const auto looked = call.node->look_at_version(call.cancelled); !looked) return tl::unexpected(looked.error());
  return gaps_of_version(*call.node, call.cancelled);
}

int run_list(Call& call) {
  const auto gaps = gaps_read(*call.node, call.cancelled);
  if (!gaps) return failed(call, gaps.error());
  if (call.json()) {
    call.out.print(json_of(*gaps).dump() + "\n");
    return 0;
  }
  for (const auto& gap : *gaps) call.out.print(line_of(gap) + "\n");
  if (gaps->empty()) call.out.print("nothing is missing\n");
  return 0;
}

/// Who gives records up. Throws UsageError.
std::string name_of(const Call& call) {
  auto by = call.arguments.value_or("--by", "");
  if (by.empty()) throw UsageError{"--by: with --execute it is written down who gives the records up"};
  if (by.size() > kMostBytesOfAName) throw UsageError{fmt::format("--by: at most {} bytes", kMostBytesOfAName)};
  return by;
}

/// Gives it up, and says so in `gap`.
Result<void> accept(Call& call, worker::Gap& gap, const std::string& by) {
  worker::GapTable table(call.node->tables(), call.node->names().state());
  const worker::Gap::Acceptance acceptance{inline_executor().wall(), by};
  auto done =
      ask<void>([&](auto answer) { table.accept(call.node->names().version, gap, acceptance, std::move(answer)); },
                call.cancelled);
  if (done) gap.accepted = acceptance;
  return done;
}

int run_accept(Call& call) {
  const bool execute = call.arguments.has("--execute");
  const auto by = execute ? name_of(call) : std::string();
  const auto& wanted = call.arguments.operands().front();
  auto gaps = known(call);
  if (!gaps) return failed(call, gaps.error());
  const auto gap =
      std::find_if(gaps->begin(), gaps->end(), [&](const worker::Gap& g) { return to_string(g) == wanted; });
  if (gap == gaps->end())
    return failed(
        call, {ErrorCode::kNotFound, fmt::format("there is no gap {}; `guidepost gap list` says what is missing by now",
                                                 text::escape(wanted))});
  const bool open = !gap->accepted;  // else it is asked for again, after an answer that was lost
  if (open && execute) {
    if (const auto done = accept(call, *gap, by); !done) return failed(call, done.error());
  }
  if (call.json()) {
    call.out.print(json_of({*gap}).front().dump() + "\n");
    return 0;
  }
  call.out.print(line_of(*gap) + "\n");
  if (open && execute) call.out.print("ingest goes on behind it within seconds\n");
  if (open && !execute) call.out.print("nothing was done; --execute --by NAME gives these records up for good\n");
  return 0;
}

}  // namespace

Command gap_list_command() {
  return {
      .name = "gap list",
      .group = Group::kLookAfter,
      .summary = "raw records that were gone before they were counted",
      .about =
          "A line a gap: source and offsets, how many records, between which times they came in, and whether somebody\n"
          "has given them up. Until then the partition stands still and the others go on (docs/operations.md).",
      .operands = {},
      .flags = {},
      .examples = {{"what is missing", "guidepost gap list"},
                   {"what nobody has given up yet",
                    "guidepost gap list --json | jq '.[] | select(.accepted == null)'"}},
      .place = Place::kReads,
      .run = run_list};
}

Command gap_accept_command() {
  return {
      .name = "gap accept",
      .group = Group::kLookAfter,
      .summary = "gives up records that are gone, so that ingest goes on behind them",
      .about =
          "Takes exactly the gap that `gap list` names: where more is missing by now it is another one. Alone it says\n"
          "what would be given up; --execute does it, for good, and writes down by whom. Ingest goes on within seconds,\n"
          "the ledger counts the offsets as lost, and answers that they may touch show the gap from then on.",
      .operands = {{"SOURCE:FROM-TO", "as `gap list` names it", Use::kRequired}},
      .flags = {{"--execute", "", "do it", Use::kOptional},
                {"--by", "NAME", "who does, with --execute", Use::kOptional}},
      .examples = {{"what it would do", "guidepost gap accept 3:1245-1500"},
                   {"do it", "guidepost gap accept 3:1245-1500 --execute --by on-call"}},
      .place = Place::kReads,
      .run = run_accept};
}

}  // namespace guidepost::app
