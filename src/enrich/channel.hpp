// By what way a visitor came.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {

/// Domains of an installation, besides those that the program knows. Their subdomains count with them.
struct ChannelDomains {
  std::vector<std::string> search;
  std::vector<std::string> social;
  std::vector<std::string> mail;
  std::map<std::string, std::vector<std::string>, std::less<>> of_merchants;  ///< a merchant's own sites
};

/// What a channel is decided by.
struct Visit {
  std::string_view merchant;
  std::string_view url_domain;       ///< empty: the url has none
  std::string_view referrer_domain;  ///< as of url_domain(); empty: none came
  std::string_view campaign;         ///< name, source or medium: whichever there is
  std::string_view source;
  std::string_view medium;
  bool ad_click = false;        ///< a click id that only advertisements have
  bool facebook_click = false;  ///< fbclid
};

/// Thread: any, once made. Blocks: never. Errors: none.
class Channels {
 public:
  explicit Channels(ChannelDomains domains);
  /// paid, mail, social, search, campaign, direct, internal or referral: docs/enrichment.md has the rules.
  std::string_view channel(const Visit& visit) const;
  /// Whether a medium is one that is paid for (`cpc`, `paid_social`, `display`).
  static bool is_paid(std::string_view medium);

 private:
  std::string_view by_campaign(const Visit& visit) const;
  std::string_view by_referrer(const Visit& visit) const;
  bool is_internal(const Visit& visit) const;
  std::string_view known(std::string_view domain) const;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return static_cast<std::size_t>(hash64(text)); }
  };
  // Only the configuration adds to it: no sender chooses places in it.
  std::unordered_map<std::string, std::string_view, Hash, std::equal_to<>> domains_;
  std::map<std::string, std::vector<std::string>, std::less<>> of_merchants_;
};

}  // namespace guidepost::enrich
