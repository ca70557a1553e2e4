// What is added up for one row of an answer, and the numbers that are made of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/held.hpp"
#include "rollup/distinct_union.hpp"

namespace guidepost::query {

/// Money in the smallest unit of a currency.
struct Amount {
  std::array<char, 3> currency{};
  std::int64_t minor = 0;
  bool operator==(const Amount&) const = default;

  std::string_view code() const { return {currency.data(), currency.size()}; }
};

/// A number of an answer, in the unit of its Kind.
struct Value {
  std::optional<std::int64_t> number = {};  ///< nothing: it is not defined, or money
  std::vector<Amount> amounts = {};         ///< of money: ascending by currency
  bool estimated = false;
  bool operator==(const Value&) const = default;
};

/// Which distinct counts are wanted: the others cost memory and are not added up.
using Wanted = decltype(rollup::Columns::distinct);

struct Sums {
  std::array<std::int64_t, rollup::kCounterCount> counters{};
  std::vector<rollup::Money> money;  ///< ascending by currency
  std::array<rollup::DistinctUnion, rollup::kDistinctCount> distinct;

  /// Adds an entry; gives the memory that distinct counts have taken for it.
  std::ptrdiff_t add(const rollup::ReadEntry& entry, const Wanted& wanted);
  /// Tells the memory that add() is near: first of these, then of the distinct counts, once these have come.
  void prefetch() const;
  void prefetch(const Wanted& wanted) const;
  /// Unites the distinct counts with those of `other`, and nothing else; gives the memory that it took.
  std::ptrdiff_t unite(const Sums& other);
  /// Whether nothing is left of what was added: corrections may take away again what was there.
  bool nothing() const;
};

/// Adds the columns that value_of() makes the metric of.
void want(const Metric& metric, rollup::Columns& columns);
Value value_of(const Metric& metric, const Sums& sums);

/// What a value counts where values are put in an order, or drawn: of money, that of one currency. Nothing: it comes last.
std::optional<std::int64_t> rank_of(const Metric& metric, const Value& value, std::string_view currency);

}  // namespace guidepost::query
