// What a url says of the campaign that brought the visitor.
#pragma once

#include <string_view>

#include "base/arena.hpp"

namespace guidepost::enrich {

/// Longer values are cut.
inline constexpr std::size_t kMaxCampaignValue = 256;

/// Views point into the url or the arena; empty: the url does not say it.
struct UrlCampaign {
  std::string_view source;
  std::string_view medium;
  std::string_view name;
  std::string_view term;
  std::string_view content;
  std::string_view ad_network;    ///< of a click id that only advertisements have: `(google ads)`
  bool facebook_click = false;    ///< fbclid, which every link of Facebook has, paid or not
};

/// Reads utm_source, utm_medium, utm_campaign, utm_term, utm_content and click ids from the url's query, the first of
/// each. Values are decoded (%XX, and + is a blank); those that are no UTF-8, or have control characters, are left out.
UrlCampaign url_campaign(std::string_view url, Arena& arena);

}  // namespace guidepost::enrich
