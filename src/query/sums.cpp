#include "query/sums.hpp"

#include <algorithm>

namespace guidepost::query {
namespace {

using rollup::add_counters;
using rollup::add_money;
using rollup::Counter;

constexpr std::int64_t kRateUnit = 10'000;

std::int64_t of(const Sums& sums, Counter counter) { return sums.counters[static_cast<std::size_t>(counter)]; }

/// The quotient, half a unit rounded up; nothing where there is no whole to divide by, or what is stored cannot be.
std::optional<std::int64_t> rounded(std::int64_t part, std::int64_t whole) {
  if (whole <= 0 || part < 0) return std::nullopt;
  const auto quotient = part / whole;
  const auto rest = part % whole;
  return rest >= whole - rest ? quotient + 1 : quotient;
}

/// Of any number: what is stored may be hostile.
std::int64_t negated(std::int64_t n) { return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(n)); }

std::int64_t paid(const rollup::Money& money) { return add_counters(money.revenue, negated(money.refunds)); }

std::vector<Amount> amounts_of(Kind kind, const Sums& sums) {
  std::vector<Amount> amounts;
  for (const auto& money : sums.money) {
    std::optional<std::int64_t> minor = money.revenue;
    if (kind == Kind::kRefunds) minor = negated(money.refunds);
    if (kind == Kind::kOrderValue) minor = rounded(paid(money), money.orders);
    if (minor) amounts.push_back({money.currency, *minor});
  }
  return amounts;
}

}  // namespace

std::ptrdiff_t Sums::add(const rollup::ReadEntry& entry, const Wanted& wanted) {
  for (std::size_t c = 0; c < rollup::kCounterCount; ++c) counters[c] = add_counters(counters[c], entry.counters[c]);
  for (const auto& sum : entry.money) add_money(money, sum);
  std::ptrdiff_t grown = 0;
  for (std::size_t d = 0; d < rollup::kDistinctCount; ++d) {
    if (!wanted[d]) continue;
    const auto before = distinct[d].memory_bytes();
    distinct[d].merge(entry.distinct[d]);
    grown += static_cast<std::ptrdiff_t>(distinct[d].memory_bytes()) - static_cast<std::ptrdiff_t>(before);
  }
  return grown;
}

void Sums::prefetch() const {
  for (std::size_t at = 0; at < sizeof *this; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(this) + at);
}

void Sums::prefetch(const Wanted& wanted) const {
  for (std::size_t d = 0; d < rollup::kDistinctCount; ++d) {
    if (wanted[d]) distinct[d].prefetch();
  }
}

std::ptrdiff_t Sums::unite(const Sums& other) {
  std::ptrdiff_t grown = 0;
  for (std::size_t d = 0; d < rollup::kDistinctCount; ++d) {
    grown -= static_cast<std::ptrdiff_t>(distinct[d].memory_bytes());
    distinct[d].merge(other.distinct[d]);
    grown += static_cast<std::ptrdiff_t>(distinct[d].memory_bytes());
  }
  return grown;
}

bool Sums::nothing() const {
  return std::all_of(counters.begin(), counters.end(), [](std::int64_t n) { return n == 0; });
}

void want(const Metric& metric, rollup::Columns& columns) {
  const auto count = [&](Counter counter) { columns.counters[static_cast<std::size_t>(counter)] = true; };
  switch (metric.kind) {
    case Kind::kCounter:
      return count(metric.counter);
    case Kind::kDistinct:
      columns.distinct[static_cast<std::size_t>(metric.distinct)] = true;
      return;
    case Kind::kBounceRate:
      count(Counter::kSessions);
      return count(Counter::kBounces);
    case Kind::kAverageTime:
      count(Counter::kDwells);
      return count(Counter::kDwellMs);
    case Kind::kOrders:
    case Kind::kRevenue:
    case Kind::kRefunds:
    case Kind::kOrderValue:
      columns.money = true;
      return;
  }
}

Value value_of(const Metric& metric, const Sums& sums) {
  switch (metric.kind) {
    case Kind::kCounter:
      return {of(sums, metric.counter)};
    case Kind::kDistinct: {
      const auto& count = sums.distinct[static_cast<std::size_t>(metric.distinct)];
      return {static_cast<std::int64_t>(count.estimate()), {}, !count.exact()};
    }
    case Kind::kOrders: {
      std::int64_t orders = 0;
      for (const auto& money : sums.money) orders = add_counters(orders, money.orders);
      return {orders};
    }
    case Kind::kBounceRate: {
      const auto sessions = of(sums, Counter::kSessions);
      if (sessions <= 0) return {};
      // What is stored may be hostile: no product that could overflow.
      const auto share = static_cast<double>(of(sums, Counter::kBounces)) / static_cast<double>(sessions);
      return {static_cast<std::int64_t>(std::clamp(share, 0.0, 1.0) * kRateUnit + 0.5)};
    }
    case Kind::kAverageTime:
      return {rounded(of(sums, Counter::kDwellMs), of(sums, Counter::kDwells))};
    case Kind::kRevenue:
    case Kind::kRefunds:
    case Kind::kOrderValue:
      return {std::nullopt, amounts_of(metric.kind, sums)};
  }
  return {};
}

std::optional<std::int64_t> rank_of(const Metric& metric, const Value& value, std::string_view currency) {
  if (!metric.is_money()) return value.number;
  for (const auto& amount : value.amounts) {
    if (amount.code() == currency) return amount.minor;
  }
  // No revenue is more than refunds alone; no order has no value.
  return metric.kind == Kind::kOrderValue ? std::nullopt : std::optional<std::int64_t>(0);
}

}  // namespace guidepost::query
