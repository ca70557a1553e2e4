// Sums of a question, group by group.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "query/query.hpp"
#include "rollup/chunk_codec.hpp"
#include "rollup/sketch.hpp"

namespace guidepost::query {

/// Takes entries in, gives rows out. Thread: one.
class Answer {
 public:
  Answer(const Request& request, const QueryOptions& options);

  /// Adds an entry of the request's dimension, if it is asked for. Errors: kInvalidArgument (limits).
  Result<void> add(const rollup::ReadEntry& entry);
  /// Fills in rows, totals, series and groups, once. Errors: kInvalidArgument (limits).
  Result<void> finish(QueryResult& result) &&;

 private:
  struct Sums {
    std::array<std::int64_t, rollup::kCounterCount> counters{};
    std::array<rollup::DistinctCount, rollup::kDistinctCount> distinct;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  /// By value: what the page has, or the part of it that is asked for.
  using Groups = std::unordered_map<std::string, Sums, TextHash, std::equal_to<>>;
  using Wanted = std::array<bool, rollup::kDistinctCount>;

  bool is_asked_for(const rollup::ReadEntry& entry, std::string_view first, std::string_view second) const;
  Result<void> enter(Bucket bucket);
  Result<void> merge(Sums& sums, const rollup::ReadEntry& entry, const Wanted& wanted);
  Result<Sums*> group(Groups& groups, std::string_view value);
  static std::int64_t metric_of(const Sums& sums, const Metric& metric);
  std::vector<std::int64_t> metrics_of(const Sums& sums) const;
  std::vector<std::string> values_of(std::string_view key) const;
  std::vector<std::string_view> ranked(const Groups& groups) const;  ///< by the first metric, then by value
  std::vector<ResultRow> rows_of_totals() const;
  std::vector<ResultRow> rows_of_groups() const;
  Result<void> too_much(std::string_view what) const;

  const Request& request_;
  const QueryOptions& options_;
  Wanted wanted_{};         // by any metric
  Wanted wanted_first_{};   // by the first one, which ranks and draws
  Sums totals_;
  std::map<TimeMs, Sums> series_;      // of each interval
  std::map<TimeMs, Groups> groups_;    // of each interval; without one, of the beginning of time
  Groups whole_;                       // over all intervals, where --top must choose
  std::optional<Bucket> bucket_;       // that the next two are of
  Sums* series_now_ = nullptr;
  Groups* groups_now_ = nullptr;
  std::size_t group_count_ = 0;
  std::size_t sketch_bytes_ = 0;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace guidepost::query
