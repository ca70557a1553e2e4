#include "event/money.hpp"

#include <algorithm>
#include <charconv>

namespace guidepost::event {
namespace {

constexpr std::int64_t kMostItems = 1'000'000;

constexpr std::size_t kMostDigits = 18;  // no more than fit, sign and zeros among them

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  if (text.size() > kMostDigits + 1) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Revenue> revenue_of(const Accepted& event) {
  const auto currency = event.text[Field::kCurrency];
  const auto minor = whole_number(event.text[Field::kRevenueMinor]);
  Revenue revenue;
  if (!minor || currency.size() != revenue.currency.size()) return std::nullopt;
  std::copy(currency.begin(), currency.end(), revenue.currency.begin());
  revenue.minor = *minor;
  return revenue;
}

std::int64_t items_of(const Accepted& event) {
  const auto quantity = whole_number(event.text[Field::kProductQuantity]);
  if (quantity && *quantity >= 1 && *quantity <= kMostItems) return *quantity;
  return event.text[Field::kProductId].empty() ? 0 : 1;
}

}  // namespace guidepost::event
