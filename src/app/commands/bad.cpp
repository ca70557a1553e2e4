// `bad list` and `bad show`: what was refused, and why.
#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/places.hpp"
#include "guidepost/event/bad_row.hpp"

namespace guidepost::app {
namespace {

/// Which bad rows are wanted.
struct Filter {
  std::optional<std::string> merchant;
  std::optional<event::Reason> reason;
  std::optional<Position> position;
  TimeMs from{};
  TimeMs to = TimeMs::max();
  std::size_t limit = 100;

  bool takes(const event::StoredBad& row) const {
    return (!merchant || row.bad.merchant == *merchant) && (!reason || row.bad.reason == *reason) &&
           row.bad.record_time >= from && row.bad.record_time < to &&
           (!position || *position == Position{row.source, row.bad.offset});
  }
};

Filter filter_of(const Arguments& arguments) {
  Filter filter;
  filter.merchant = arguments.value("--merchant");
  if (const auto word = arguments.value("--reason")) {
    filter.reason = event::reason_from_string(*word);
    if (!filter.reason) {
      std::vector<std::string> words;
      for (std::size_t r = 1; r < static_cast<std::size_t>(event::Reason::kCount); ++r)
        words.emplace_back(event::to_string(static_cast<event::Reason>(r)));
      std::string all;
      for (const auto& known : words) all += (all.empty() ? "" : ", ") + known;
      throw UsageError{"--reason: expected one of " + all + ", got '" + text::escape(*word) + "'"};
    }
  }
  if (const auto from = time_of(arguments, "--from")) filter.from = *from;
  if (const auto to = time_of(arguments, "--to")) filter.to = *to;
  filter.limit = static_cast<std::size_t>(arguments.number("--limit", 1, 1'000'000).value_or(100));
  if (!arguments.operands().empty()) filter.position = parse_position(arguments.operands().front());
  return filter;
}

struct Seen {
  std::size_t shown = 0;
  bool more = false;
};

/// Calls `show` for each row that the filter takes, until the limit. Errors: of the store; kCorrupt.
Result<Seen> each_bad(Call& call, const Filter& filter, const std::function<void(const event::StoredBad&)>& show) {
  ScanRequest request;
  request.max_rows = 500;
  if (filter.merchant) {
    request.start = event::bad_row_start(*filter.merchant, filter.from);
    request.stop = after_prefix(*filter.merchant + std::string(1, '\0'));
  }
  Seen seen;
  do {
    const auto page =
        ask<ScanPage>([&](auto done) { call.node->tables().scan(call.node->names().bad(), request, std::move(done)); },
                      call.cancelled);
    if (!page) return tl::unexpected(page.error());
    for (const auto& row : page->rows) {
      const auto bad = event::parse_bad_row(row);
      if (!bad) return tl::unexpected(bad.error());
      if (!filter.takes(*bad)) continue;
      if (seen.shown == filter.limit) {
        seen.more = true;
        return seen;
      }
      show(*bad);
      ++seen.shown;
    }
    request.start = page->next;
  } while (!request.start.empty() && !call.out.closed());
  return seen;
}

nlohmann::json json_of(const event::StoredBad& row) {
  nlohmann::json json{{"position", to_string(Position{row.source, row.bad.offset})},
                      {"received", text::rfc3339(row.bad.record_time)},
                      {"merchant", row.bad.merchant},
                      {"reason", event::to_string(row.bad.reason)},
                      {"size", row.bad.full_size},
                      {"bytes", json_bytes(row.bad.bytes)}};
  if (!row.bad.field.empty()) json["field"] = row.bad.field;
  return json;
}

/// How many for each reason, the most first.
int run_count(Call& call, Filter filter) {
  filter.limit = SIZE_MAX;
  std::map<event::Reason, std::int64_t> counts;
  const auto seen = each_bad(call, filter, [&](const event::StoredBad& row) { ++counts[row.bad.reason]; });
  if (!seen) return failed(call, seen.error());
  std::vector<std::pair<event::Reason, std::int64_t>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return std::pair(-a.second, a.first) < std::pair(-b.second, b.first); });
  if (call.json()) {
    auto rows = nlohmann::json::array();
    for (const auto& [reason, n] : sorted) rows.push_back({{"reason", event::to_string(reason)}, {"events", n}});
    call.out.print(nlohmann::json{{"rows", std::move(rows)}}.dump() + "\n");
    return 0;
  }
  if (sorted.empty()) {
    call.out.print("nothing was refused\n");
    return 0;
  }
  text::Table table({{"reason"}, {"events", text::Align::kRight}, {"", text::Align::kLeft}, {"meaning"}});
  for (const auto& [reason, n] : sorted) {
    table.add({std::string(event::to_string(reason)), text::thousands(n),
               text::bar(static_cast<double>(n), static_cast<double>(sorted.front().second), 12),
               std::string(event::describe(reason))});
  }
  call.out.print(table.render(call.out.look()));
  return 0;
}

int run_list(Call& call) {
  const auto filter = filter_of(call.arguments);
  if (call.arguments.has("--by-reason")) return run_count(call, filter);
  text::Table table({{"position"},
                     {"received"},
                     {"merchant"},
                     {"reason"},
                     {"field"},
                     {"size", text::Align::kRight},
                     {"bytes", text::Align::kLeft, 60}});
  auto rows = nlohmann::json::array();
  const auto seen = each_bad(call, filter, [&](const event::StoredBad& row) {
    if (call.json()) return rows.push_back(json_of(row));
    table.add({to_string(Position{row.source, row.bad.offset}), text::rfc3339(row.bad.record_time),
               text::escape(row.bad.merchant), std::string(event::to_string(row.bad.reason)),
               text::escape(row.bad.field), text::bytes(row.bad.full_size),
               text::escape(row.bad.bytes.substr(0, 200))});
  });
  if (!seen) return failed(call, seen.error());
  if (call.json()) {
    call.out.print(nlohmann::json{{"rows", std::move(rows)}, {"more", seen->more}}.dump() + "\n");
  } else if (table.empty()) {
    call.out.print("nothing was refused\n");
  } else {
    call.out.print(table.render(call.out.look()));
    if (seen->more) call.out.print("... and more: --limit shows them\n");
  }
  return 0;
}

std::string described(const event::StoredBad& row, const text::Look& look) {
  std::string out = bold(look, to_string(Position{row.source, row.bad.offset})) + "  " +
                    text::rfc3339(row.bad.record_time) + "  merchant " + text::escape(row.bad.merchant) + "\n";
  out += "  " + std::string(event::to_string(row.bad.reason)) +
         (row.bad.field.empty() ? "" : " (" + text::escape(row.bad.field) + ")") + ": " +
         std::string(event::describe(row.bad.reason)) + "\n";
  out += "  " + text::bytes(row.bad.full_size);
  if (row.bad.full_size > row.bad.bytes.size())
    out += ", of which the first " + text::bytes(row.bad.bytes.size()) + " are kept";
  return out + "\n  " + text::escape(row.bad.bytes) + "\n";
}

int run_show(Call& call) {
  auto filter = filter_of(call.arguments);
  const bool raw = call.arguments.has("--raw");
  if (raw && !filter.position)
    throw UsageError{"bad show: --raw is for one event: name its SOURCE:OFFSET, which `bad list` shows"};
  auto rows = nlohmann::json::array();
  const auto seen = each_bad(call, filter, [&](const event::StoredBad& row) {
    if (call.json()) return rows.push_back(json_of(row));
    call.out.print(raw ? std::string(row.bad.bytes) : described(row, call.out.look()));
  });
  if (!seen) return failed(call, seen.error());
  if (call.json()) call.out.print(nlohmann::json{{"rows", std::move(rows)}, {"more", seen->more}}.dump() + "\n");
  if (seen->shown > 0) return 0;
  if (filter.position) call.out.complain("no refused event is at " + to_string(*filter.position));
  if (!filter.position && !call.json()) call.out.print("nothing was refused\n");
  return filter.position ? 1 : 0;
}

std::vector<Flag> filter_flags() {
  return {{"--merchant", "M", "only this merchant's; - for those where none could be read", Use::kOptional},
          {"--reason", "WORD", "only those refused for this reason", Use::kOptional},
          {"--from", "T", "received at or after, a date (UTC) or RFC 3339", Use::kOptional},
          {"--to", "T", "received before", Use::kOptional},
          {"--limit", "N", "at most so many, by default 100", Use::kOptional}};
}

}  // namespace

Command bad_list_command() {
  auto flags = filter_flags();
  flags.push_back({"--by-reason", "", "only how many for each reason", Use::kOptional});
  return {.name = "bad list",
          .group = Group::kAsk,
          .summary = "what was refused, and why",
          .about = "One line an event that was not accepted, in the order of merchant and time.",
          .operands = {},
          .flags = std::move(flags),
          .examples = {{"of one merchant", "guidepost bad list --merchant shop"},
                       {"how many for each reason", "guidepost bad list --by-reason"},
                       {"one reason, since a day", "guidepost bad list --reason too_late --from 2025-01-31"}},
          .place = Place::kReads,
          .run = run_list};
}

Command bad_show_command() {
  auto flags = filter_flags();
  flags.push_back(
      {"--raw", "", "prints the original bytes as they came and nothing else, for one position", Use::kOptional});
  return {.name = "bad show",
          .group = Group::kAsk,
          .summary = "refused events with their original bytes",
          .about = "Prints each event whole, safely for a terminal: bytes that could drive it become escapes.",
          .operands = {{"SOURCE:OFFSET", "one event, as `bad list` names it", Use::kOptional}},
          .flags = std::move(flags),
          .examples = {{"all of one merchant", "guidepost bad show --merchant shop"},
                       {"one, byte for byte", "guidepost bad show 1:1234 --raw > event.bin"}},
          .place = Place::kReads,
          .run = run_show};
}

}  // namespace guidepost::app
