// In which numbers two versions differ: day by day, merchant by merchant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guidepost/event/decision.hpp"
#include "query/version_diff.hpp"

namespace guidepost::query {

/// A number in both versions, in the unit of its measure: money in the smallest unit of `currency`, dwell_ms in ms.
struct NumberPair {
  std::string_view measure;
  std::string currency = {};  ///< ISO 4217, of money; else empty
  std::int64_t a = 0;
  std::int64_t b = 0;

  std::int64_t difference() const;  ///< b - a
};

struct NumberDifference {
  std::string merchant;
  TimeMs day;  ///< UTC
  event::Traffic traffic = event::Traffic::kHuman;
  NumberPair number;
  bool estimated = false;  ///< one of the two is
};

struct NumberDiff {
  /// The largest first, up to the limit: by what is between them, money in full units and dwell in seconds; then by
  /// merchant, day, traffic, measure.
  std::vector<NumberDifference> rows;
  std::uint64_t differing = 0;  ///< also those over the limit
  std::uint64_t compared = 0;   ///< numbers that are not 0 in both
  std::uint64_t merchants = 0;
  std::uint64_t days = 0;  ///< of merchants
  /// Of everything that was compared, in the order of measures; without distinct counts, which do not add up.
  std::vector<NumberPair> totals;

  bool differs() const { return differing > 0; }
};

/// Compares totals of pages: of a day and kind of traffic all counters, money by currency, and the estimates of distinct counts.
/// In memory is what one merchant has of days. `sources`: all that may have pages.
/// Thread: any that owns no state machine. Blocks: until done. Errors: of the store; kCorrupt; kCancelled.
Result<NumberDiff> diff_numbers(const VersionPair& versions, const std::vector<SourceId>& sources,
                                const DiffOptions& options);

}  // namespace guidepost::query
