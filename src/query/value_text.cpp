#include "query/value_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "event/currency.hpp"

namespace guidepost::query {
namespace {

constexpr std::string_view kNothing = "-";

std::string amount_of(const Amount& amount) {
  // What is stored was accepted once: a code that is none is of broken hands, and has no digits that one could know.
  const auto currency = event::find_currency(amount.code());
  return event::amount_text(amount.minor, currency ? currency->digits : 0);
}

/// `1234567.50` with separators where people read it.
std::string grouped(std::string amount, const text::Look& look) {
  if (!look.terminal) return amount;
  const std::size_t first = amount.starts_with('-') ? 1 : 0;
  auto at = std::min(amount.size(), amount.find('.'));
  while (at > first + 3) amount.insert(at -= 3, 1, ',');
  return amount;
}

/// Nothing where there was nothing that one could be more or less than.
std::optional<double> change(std::optional<std::int64_t> now, std::optional<std::int64_t> before) {
  if (!now || !before || *before <= 0) return std::nullopt;
  return (static_cast<double>(*now) - static_cast<double>(*before)) / static_cast<double>(*before);
}

std::string json_change(std::optional<std::int64_t> now, std::optional<std::int64_t> before) {
  const auto by = change(now, before);
  if (!by) return "null";
  const auto text = fmt::format("{:.4f}", *by);
  return text == "-0.0000" ? text.substr(1) : text;
}

std::string shown_change(std::optional<std::int64_t> now, std::optional<std::int64_t> before) {
  const auto by = change(now, before);
  if (!by) return now.value_or(0) > 0 && before.value_or(0) == 0 ? "new" : std::string(kNothing);
  const auto percent = fmt::format("{:.1f} %", std::abs(*by) * 100);
  if (percent == "0.0 %") return percent;
  return (*by > 0 ? "↑ " : "↓ ") + percent;
}

/// One currency, now and before.
struct Pair {
  std::array<char, 3> currency{};
  std::optional<std::int64_t> now;
  std::optional<std::int64_t> before;

  std::string_view code() const { return {currency.data(), currency.size()}; }
};

std::vector<Pair> pairs_of(const Value& now, const Value& before) {
  std::vector<Pair> pairs;
  for (const auto& amount : now.amounts) pairs.push_back({amount.currency, amount.minor, {}});
  for (const auto& amount : before.amounts) {
    auto at = std::lower_bound(pairs.begin(), pairs.end(), amount.currency,
                               [](const Pair& p, const auto& currency) { return p.currency < currency; });
    if (at == pairs.end() || at->currency != amount.currency) at = pairs.insert(at, {amount.currency, {}, {}});
    at->before = amount.minor;
  }
  return pairs;
}

std::string shown_number(Kind kind, std::int64_t number, const text::Look& look) {
  if (kind == Kind::kBounceRate) return fmt::format("{:.1f} %", static_cast<double>(number) / 100);
  if (kind != Kind::kAverageTime) return look.terminal ? text::thousands(number) : std::to_string(number);
  const auto seconds = number / 1000 + (number % 1000 >= 500 ? 1 : 0);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

}  // namespace

std::string json_value(const Metric& metric, const Value& value) {
  if (metric.is_money()) {
    std::vector<std::string> members;
    for (const auto& amount : value.amounts)
      members.push_back(fmt::format(R"("{}":"{}")", amount.code(), amount_of(amount)));
    return fmt::format("{{{}}}", fmt::join(members, ","));
  }
  if (!value.number) return "null";
  if (metric.kind == Kind::kBounceRate) return fmt::format("{}.{:04}", *value.number / 10'000, *value.number % 10'000);
  return std::to_string(*value.number);
}

std::string json_change(const Metric& metric, const Value& now, const Value& before) {
  if (!metric.is_money()) return json_change(now.number, before.number);
  std::vector<std::string> members;
  for (const auto& pair : pairs_of(now, before))
    members.push_back(fmt::format(R"("{}":{})", pair.code(), json_change(pair.now.value_or(0), pair.before)));
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

std::string shown_value(const Metric& metric, const Value& value, const text::Look& look) {
  if (value.number) return (value.estimated ? "~" : "") + shown_number(metric.kind, *value.number, look);
  std::vector<std::string> sums;
  for (const auto& amount : value.amounts)
    sums.push_back(fmt::format("{} {}", grouped(amount_of(amount), look), text::escape(amount.code())));
  return sums.empty() ? std::string(kNothing) : fmt::format("{}", fmt::join(sums, " + "));
}

std::string shown_change(const Metric& metric, const Value& now, const Value& before) {
  if (!metric.is_money()) return shown_change(now.number, before.number);
  const auto pairs = pairs_of(now, before);
  if (pairs.size() == 1) return shown_change(pairs.front().now.value_or(0), pairs.front().before);
  std::vector<std::string> changes;
  for (const auto& pair : pairs)
    changes.push_back(fmt::format("{} {}", shown_change(pair.now.value_or(0), pair.before), text::escape(pair.code())));
  return changes.empty() ? std::string(kNothing) : fmt::format("{}", fmt::join(changes, ", "));
}

}  // namespace guidepost::query
