#include "app/canary_findings.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "base/text.hpp"

namespace guidepost::app {
namespace {

using RowsById = std::multimap<std::string_view, const CanaryRow*>;

RowsById by_id(const CanarySight& sight) {
  RowsById rows;
  for (const auto& row : sight.rows) rows.emplace(row.id, &row);
  return rows;
}

bool is_counted(const CanaryRow& row, const CanarySight& sight) {
  const auto number = sight.numbers.find(row.source);
  return number != sight.numbers.end() && row.offset < number->second.position;
}

/// The rows that a number must have counted.
std::int64_t rows_below(SourceId source, Offset position, const CanarySight& sight) {
  return std::count_if(sight.rows.begin(), sight.rows.end(),
                       [&](const CanaryRow& row) { return row.source == source && row.offset < position; });
}

std::string shown(Offset offset) { return text::thousands(offset.value); }
std::string some_of(std::size_t some, std::size_t all) {
  return fmt::format("{} of {} event{}", some, all, all == 1 ? "" : "s");
}

CanaryFinding without_row(const std::string& some, Partition partition, const CanaryProgress& at) {
  if (at.decided < at.end) {
    return {CanaryOutcome::kUndecided,
            fmt::format("{}: in the log and not decided: ingest has decided partition {} up to offset {} of {}", some,
                        partition.value, shown(at.decided), shown(at.end))};
  }
  if (at.stored < at.end) {
    return {CanaryOutcome::kUnapplied,
            fmt::format("{}: decided and without a row: aggregate has stored partition {} up to offset {} of {}", some,
                        partition.value, shown(at.stored), shown(at.end))};
  }
  return {CanaryOutcome::kLost, fmt::format("{}: lost: partition {} is stored up to offset {}, and they have no row "
                                            "(`guidepost bad list` shows what was refused)",
                                            some, partition.value, shown(at.stored))};
}

CanaryFinding without_number(const std::string& some, Partition partition, bool promised, const CanaryProgress& at) {
  if (promised) {
    return {CanaryOutcome::kMiscounted,
            fmt::format("{}: stored and in no number, though partition {} is complete up to offset {}", some,
                        partition.value, shown(at.stored))};
  }
  return {CanaryOutcome::kUncounted,
          fmt::format("{}: stored and in no number yet: aggregate has completed partition {} up to offset {} of {}",
                      some, partition.value, shown(at.stored), shown(at.end))};
}

/// Why ingest refused the event; null where it did not.
const std::string* refusal_of(const CanaryEvent& event, const CanarySight& sight) {
  const auto quoted = '"' + event.id + '"';
  for (const auto& refusal : sight.refusals) {
    if (refusal.bytes.find(quoted) != std::string::npos) return &refusal.reason;
  }
  return nullptr;
}

/// What of a partition's events is on its way, or was lost on it.
struct Stuck {
  std::size_t without_row = 0;
  std::size_t late = 0;      ///< in no number yet
  std::size_t promised = 0;  ///< in no number, though it is said to be complete
};

}  // namespace

std::string_view to_string(CanaryOutcome outcome) {
  switch (outcome) {
    case CanaryOutcome::kWell:
      return "well";
    case CanaryOutcome::kUncounted:
      return "uncounted";
    case CanaryOutcome::kUnapplied:
      return "unapplied";
    case CanaryOutcome::kUndecided:
      return "undecided";
    case CanaryOutcome::kUnknown:
      return "unknown";
    case CanaryOutcome::kNotTaken:
      return "not_taken";
    case CanaryOutcome::kRefused:
      return "refused";
    case CanaryOutcome::kLost:
      return "lost";
    case CanaryOutcome::kMiscounted:
      return "miscounted";
    case CanaryOutcome::kDoubled:
      return "doubled";
  }
  return "";
}

CanaryTally tally(const std::vector<CanaryEvent>& events, const CanarySight& sight) {
  CanaryTally tally;
  tally.sent = events.size();
  const auto rows = by_id(sight);
  for (const auto& event : events) {
    const auto [first, last] = rows.equal_range(event.id);
    if (first == last) continue;
    ++tally.with_row;
    tally.counted += is_counted(*first->second, sight) ? 1 : 0;
    tally.doubled += std::next(first) != last ? 1 : 0;
  }
  for (const auto& [source, number] : sight.numbers)
    tally.wrong_numbers += number.events != rows_below(source, number.position, sight) ? 1 : 0;
  return tally;
}

std::vector<CanaryFinding> findings(const std::vector<CanaryEvent>& events, const CanarySight& sight,
                                    const std::map<Partition, CanaryProgress>& progress) {
  std::vector<CanaryFinding> found;
  std::map<Partition, Stuck> stuck;
  std::map<std::string, std::size_t> refused;
  const auto rows = by_id(sight);
  for (const auto& event : events) {
    auto& of = stuck[event.partition];
    const auto [first, last] = rows.equal_range(event.id);
    if (first == last) {
      const auto* reason = refusal_of(event, sight);
      ++(reason != nullptr ? refused[*reason] : of.without_row);
      continue;
    }
    const auto& row = *first->second;
    if (const auto count = std::distance(first, last); count > 1) {
      std::string where;
      for (auto it = first; it != last; ++it)
        where += fmt::format("{}{}:{}", where.empty() ? "" : ", ", it->second->source.value, it->second->offset.value);
      found.push_back(
          {CanaryOutcome::kDoubled,
           fmt::format("doubled: event {} was sent once and is stored {} times: {}", event.id, count, where)});
    }
    if (!is_counted(row, sight)) ++(row.offset < progress.at(event.partition).stored ? of.promised : of.late);
  }
  for (const auto& [reason, count] : refused) {
    found.push_back({CanaryOutcome::kRefused,
                     fmt::format("{}: refused by ingest: {}", some_of(count, events.size()), text::escape(reason))});
  }
  for (const auto& [partition, of] : stuck) {
    const auto& at = progress.at(partition);
    if (of.without_row > 0) found.push_back(without_row(some_of(of.without_row, events.size()), partition, at));
    if (of.promised > 0) found.push_back(without_number(some_of(of.promised, events.size()), partition, true, at));
    if (of.late > 0) found.push_back(without_number(some_of(of.late, events.size()), partition, false, at));
  }
  for (const auto& [source, number] : sight.numbers) {
    const auto expected = rows_below(source, number.position, sight);
    if (number.events == expected) continue;
    found.push_back(
        {CanaryOutcome::kMiscounted,
         fmt::format("miscounted: the number of source {} up to offset {} is {}, and {} row{} there", source.value,
                     shown(number.position), number.events, expected, expected == 1 ? " is" : "s are")});
  }
  return found;
}

}  // namespace guidepost::app
