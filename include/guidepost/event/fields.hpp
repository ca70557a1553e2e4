// The text fields of a decided event, once: their names are the canonical event's, the block's
// columns, and the qualifiers of event rows.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace guidepost::event {

/// Order and numbers are stored (block columns): append only, before kCount.
enum class Field : std::uint8_t {
  kMerchant = 0,
  kType,
  kEventId,
  kGuid,
  kCustomer,         ///< decided: who the event belongs to
  kClaimedCustomer,  ///< what the event itself said
  kSession,
  kUrl,   ///< as it came, cut at the limit
  kPath,  ///< what `--by url` shows: the url's path
  kTitle,
  kReferrer,
  kReferrerDomain,
  kIp,
  kUserAgent,
  kLanguage,
  kScreen,
  kCountry,  ///< decided: ISO 3166-1 alpha-2, `--` where unknown
  kTimeOnPageMs,
  kQuery,
  kProductId,
  kProductName,
  kProductCategory,
  kProductPrice,
  kProductQuantity,
  kProductPosition,
  kRevenue,  ///< exactly as text
  kCurrency,
  kCampaignSource,
  kCampaignMedium,
  kCampaignName,
  kCampaignTerm,
  kCampaignContent,
  kProperties,  ///< JSON object, byte for byte
  kRequest,     ///< access logs: method, status and bytes as `GET 200 1234`
  // Decided from here on.
  kBrowser,      ///< `Firefox`; `(unknown)`
  kOs,           ///< `Windows`; `(unknown)`
  kDeviceClass,  ///< desktop, phone, tablet, tv, console, car, watch, bot, other; `(unknown)`
  kChannel,      ///< how the visitor came: direct, search, social, mail, paid, campaign, referral, internal
  kCampaign,     ///< what `--by campaign` shows; `(none)`
  kRegion,       ///< of the geo file, where it has regions
  kCity,
  kRevenueMinor,  ///< signed: `revenue` in the smallest unit of `currency`
  kCount
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::kCount);

/// Where a field is found: its name in the canonical event, its family and qualifier in event rows.
struct FieldSpec {
  std::string_view name;
  std::string_view family;
  std::string_view qualifier;
};
const FieldSpec& spec(Field field);

/// The values of all text fields; empty means absent.
struct FieldValues {
  std::array<std::string_view, kFieldCount> values{};
  std::string_view& operator[](Field f) { return values[static_cast<std::size_t>(f)]; }
  std::string_view operator[](Field f) const { return values[static_cast<std::size_t>(f)]; }
};

}  // namespace guidepost::event
