// From sums to rows: which values are shown, in which order, beside what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/tally.hpp"

namespace guidepost::query {

/// The answer of a time, and of the one that it is compared with. Thread: one.
class Answer {
 public:
  Answer(const Request& request, const QueryOptions& options);

  Tally& now() { return now_; }
  Tally& before() { return before_; }
  /// Fills in rows, totals, series and what they say of themselves, once. Errors: kInvalidArgument (limits).
  Result<void> finish(QueryResult& result);

 private:
  using Ranked = std::vector<std::string_view>;  // values, in the order of their rows

  Result<void> fill_intervals();
  std::string ranking_currency() const;
  std::optional<std::int64_t> rank(const Sums& sums) const;
  std::vector<Value> metrics_of(const Sums& sums) const;
  ResultRow row(std::optional<TimeMs> bucket, std::vector<std::string> values, const Sums& now,
                const Sums& before) const;
  std::vector<std::string> values_of(std::string_view key) const;
  Ranked ranked(const Groups& now, const Groups& before) const;
  std::vector<ResultRow> rows_of_totals() const;
  std::vector<ResultRow> rows_of_groups() const;
  std::uint64_t count_groups() const;

  const Request& request_;
  Budget budget_;
  Tally now_;
  Tally before_;
  std::string currency_;  // that ranks
  bool hides_empty_ = false;
};

}  // namespace guidepost::query
