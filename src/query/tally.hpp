// Sums of one time, group by group.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "query/groups.hpp"
#include "query/query.hpp"

namespace guidepost::query {

/// What an answer may take, of all its tallies together.
class Budget {
 public:
  explicit Budget(const QueryOptions& options) : options_(options) {}
  /// Errors: kInvalidArgument, saying how to ask for less.
  Result<void> add_group();
  Result<void> add_sketch_bytes(std::ptrdiff_t bytes);
  Result<void> check_intervals(std::size_t intervals) const;

 private:
  const QueryOptions& options_;
  std::size_t groups_ = 0;
  std::ptrdiff_t sketch_bytes_ = 0;
};

/// Takes entries in. Thread: one.
class Tally {
 public:
  /// The interval of the answer that a moment is shown in; nothing: in none.
  using IntervalOf = std::function<std::optional<TimeMs>(TimeMs)>;

  Tally(const Request& request, Budget& budget, IntervalOf interval_of);

  /// Adds entries that are asked for. Errors: kInvalidArgument (limits).
  Result<void> add(std::span<const rollup::ReadEntry> entries);
  /// Makes the interval, where nothing was added to it. Errors: kInvalidArgument (limits).
  Result<void> fill(TimeMs interval);
  /// Completes totals(), after everything was added, once. Errors: kInvalidArgument (limits).
  Result<void> unite_groups();

  const Sums& totals() const { return totals_; }
  const std::map<TimeMs, Sums>& series() const { return series_; }  ///< of each interval
  /// Of each interval; without intervals, of the beginning of time.
  const std::map<TimeMs, Groups>& groups() const { return groups_; }
  const Groups& whole() const { return whole_; }  ///< over all intervals, where --top must choose

 private:
  static constexpr std::size_t kAtOnce = 16;

  Result<void> enter(Bucket bucket);
  Result<void> add_to_rows(std::span<const rollup::ReadEntry> entries);
  Result<void> add_to_groups(Groups& groups, std::span<const rollup::ReadEntry> entries, const Wanted& wanted);
  Result<void> merge(Sums& sums, const rollup::ReadEntry& entry, const Wanted& wanted);
  Result<Sums*> group(Groups& groups, std::string_view value);
  std::string_view value_of_group(const rollup::ReadEntry& entry) const;

  const Request& request_;
  Budget& budget_;
  IntervalOf interval_of_;
  const std::vector<Part>& parts_;  // of values
  Wanted wanted_;            // by any metric
  Wanted wanted_first_;      // by the first one, which ranks and draws
  Sums totals_;
  std::map<TimeMs, Sums> series_;
  std::map<TimeMs, Groups> groups_;
  Groups whole_;
  std::optional<Bucket> bucket_;  // that the next two are of
  Sums* series_now_ = nullptr;
  Groups* groups_now_ = nullptr;
};

/// Whether an entry of the request's dimension counts: by its traffic and its conditions. Thread: any.
class AskedFor {
 public:
  explicit AskedFor(const Request& request);
  bool operator()(const rollup::ReadEntry& entry) const;

 private:
  const Request& request_;
  const std::vector<Part>& parts_;  // of values
};

/// What a page's value says of each part of its dimension.
std::pair<std::string_view, std::string_view> parts_of(rollup::Dimension dimension, std::string_view value);

}  // namespace guidepost::query
