// What a decided event says about money.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "guidepost/event/decision.hpp"

namespace guidepost::event {

struct Revenue {
  std::array<char, 3> currency{};  ///< ISO 4217
  std::int64_t minor = 0;          ///< in its smallest unit; negative: a refund
};

/// Nothing where the event has no revenue.
std::optional<Revenue> revenue_of(const Accepted& event);
/// How many pieces a purchase is of: `product.quantity`, where it is a whole number of 1 to 1,000,000; else 1 where it
/// names a product, else 0.
std::int64_t items_of(const Accepted& event);

}  // namespace guidepost::event
