// The members of an event, an envelope, or seed 002's wrapper, found in one pass over the tokens in
// whatever order they come. What they mean is decided afterwards, in a fixed order (decoder.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "event/json_reader.hpp"

namespace guidepost::event {

/// Every member name that means something at some level.
enum class Key : std::uint8_t {
  kEventId,
  kType,
  kTime,
  kMerchant,
  kGuid,
  kCustomer,
  kSession,
  kUrl,
  kTitle,
  kReferrer,
  kIp,
  kUserAgent,
  kLanguage,
  kScreen,
  kCountry,
  kTimeOnPageMs,
  kQuery,
  kProduct,
  kRevenue,
  kCurrency,
  kCampaign,
  kProperties,
  // Envelope
  kReceived,
  kProtocol,
  kKey,
  kEvent,
  kRaw,
  kOrdinal,
  // Seed 002
  kPackageId,
  kId,
  kCustomerId,
  kTimestamp,
  kPage,
  kPosition,
  // Inside product
  kProductId,
  kProductName,
  kProductCategory,
  kProductPrice,
  kProductQuantity,
  kProductPosition,
  // Inside campaign
  kCampaignSource,
  kCampaignMedium,
  kCampaignName,
  kCampaignTerm,
  kCampaignContent,
  kCount
};

/// What one object says. Of members with the same name the first counts.
class Members {
 public:
  bool has(Key key) const { return (present_ >> static_cast<unsigned>(key) & 1) != 0; }
  JsonSpan operator[](Key key) const { return spans_[static_cast<std::size_t>(key)]; }
  /// False where it is there already.
  bool set(Key key, JsonSpan span) {
    if (has(key)) return false;
    present_ |= std::uint64_t{1} << static_cast<unsigned>(key);
    spans_[static_cast<std::size_t>(key)] = span;
    return true;
  }
  void clear() {
    present_ = 0;
    properties_keys = 0;
  }

  std::uint32_t properties_keys = 0;

 private:
  std::uint64_t present_ = 0;
  std::array<JsonSpan, static_cast<std::size_t>(Key::kCount)> spans_;
};
static_assert(static_cast<unsigned>(Key::kCount) <= 64);

/// An object and the `event` in it, and the `event` in that: envelope, seed 002's wrapper, event.
inline constexpr std::size_t kLevels = 3;
using Levels = std::array<Members, kLevels>;

/// Reads the object that is the whole text. Containers nested deeper than `depth` in an event (which
/// counts as the first) make reader.too_deep(). False: not one JSON object.
/// `text` is what `reader` reads; escapes in keys are replaced in it.
bool read_levels(JsonReader& reader, char* text, unsigned depth, Levels& levels);

}  // namespace guidepost::event
