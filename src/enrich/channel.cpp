#include "enrich/channel.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace guidepost::enrich {
namespace {

constexpr std::string_view kDirect = "direct";
constexpr std::string_view kInternal = "internal";
constexpr std::string_view kSearch = "search";
constexpr std::string_view kSocial = "social";
constexpr std::string_view kMail = "mail";
constexpr std::string_view kPaid = "paid";
constexpr std::string_view kCampaign = "campaign";
constexpr std::string_view kReferral = "referral";

struct Known {
  std::string_view domain;
  std::string_view channel;
};

// A domain with its subdomains; the longest that fits decides. Apps come as `android-app://PACKAGE`.
constexpr auto kDomains = std::to_array<Known>({
    {"aol.com", kSearch},
    {"ask.com", kSearch},
    {"baidu.com", kSearch},
    {"bing.com", kSearch},
    {"coccoc.com", kSearch},
    {"com.google.android.googlequicksearchbox", kSearch},
    {"daum.net", kSearch},
    {"dogpile.com", kSearch},
    {"duckduckgo.com", kSearch},
    {"ecosia.org", kSearch},
    {"kagi.com", kSearch},
    {"metager.de", kSearch},
    {"mojeek.com", kSearch},
    {"naver.com", kSearch},
    {"presearch.com", kSearch},
    {"qwant.com", kSearch},
    {"search.brave.com", kSearch},
    {"search.yahoo.com", kSearch},
    {"search.yahoo.co.jp", kSearch},
    {"seznam.cz", kSearch},
    {"so.com", kSearch},
    {"sogou.com", kSearch},
    {"startpage.com", kSearch},
    {"swisscows.com", kSearch},
    {"ya.ru", kSearch},
    {"yep.com", kSearch},

    {"bsky.app", kSocial},
    {"com.facebook.katana", kSocial},
    {"com.instagram.android", kSocial},
    {"com.linkedin.android", kSocial},
    {"com.pinterest", kSocial},
    {"com.reddit.frontpage", kSocial},
    {"com.twitter.android", kSocial},
    {"com.zhiliaoapp.musically", kSocial},
    {"discord.com", kSocial},
    {"facebook.com", kSocial},
    {"fb.com", kSocial},
    {"fb.me", kSocial},
    {"instagram.com", kSocial},
    {"linkedin.com", kSocial},
    {"lnkd.in", kSocial},
    {"mastodon.social", kSocial},
    {"messenger.com", kSocial},
    {"news.ycombinator.com", kSocial},
    {"ok.ru", kSocial},
    {"pinterest.com", kSocial},
    {"plus.google.com", kSocial},
    {"quora.com", kSocial},
    {"reddit.com", kSocial},
    {"snapchat.com", kSocial},
    {"t.co", kSocial},
    {"t.me", kSocial},
    {"telegram.org", kSocial},
    {"threads.net", kSocial},
    {"tiktok.com", kSocial},
    {"tumblr.com", kSocial},
    {"twitter.com", kSocial},
    {"vk.com", kSocial},
    {"weibo.com", kSocial},
    {"whatsapp.com", kSocial},
    {"x.com", kSocial},
    {"xing.com", kSocial},
    {"youtu.be", kSocial},
    {"youtube.com", kSocial},

    {"com.google.android.gm", kMail},
    {"com.microsoft.office.outlook", kMail},
    {"com.yahoo.mobile.client.android.mail", kMail},
    {"e.mail.ru", kMail},
    {"mail.aol.com", kMail},
    {"mail.google.com", kMail},
    {"mail.live.com", kMail},
    {"mail.proton.me", kMail},
    {"mail.yahoo.com", kMail},
    {"mail.yandex.com", kMail},
    {"mail.yandex.ru", kMail},
    {"navigator.gmx.net", kMail},
    {"outlook.live.com", kMail},
    {"outlook.office.com", kMail},
    {"outlook.office365.com", kMail},
    {"webmail.freenet.de", kMail},
});

// Engines with a domain in every country: `google.de`, `google.co.uk`.
constexpr std::array<std::string_view, 2> kSearchEverywhere{"google", "yandex"};
constexpr std::array<std::string_view, 4> kSecondLevels{"co", "com", "net", "org"};

constexpr std::array<std::string_view, 4> kMailWords{"email", "e-mail", "mail", "newsletter"};
constexpr std::array<std::string_view, 5> kSocialMediums{"social", "social-media", "social_media", "social media",
                                                         "sm"};
constexpr std::array<std::string_view, 2> kSearchMediums{"organic", "search"};
constexpr std::array<std::string_view, 13> kPaidMediums{
    "cpc", "ppc", "cpm", "cpv", "cpa", "cpp", "sem", "display", "banner", "retargeting", "remarketing", "ad", "ads"};

template <class Words>
bool among(const Words& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return ascii::same_word(word, text); });
}

bool is_under(std::string_view domain, std::string_view parent) {
  if (!domain.ends_with(parent)) return false;
  return domain.size() == parent.size() || domain[domain.size() - parent.size() - 1] == '.';
}

// `google.` and then `de`, or `co.uk`.
bool is_search_everywhere(std::string_view domain) {
  const auto dot = domain.find('.');
  if (dot == std::string_view::npos || !among(kSearchEverywhere, domain.substr(0, dot))) return false;
  const auto ending = domain.substr(dot + 1);
  const auto second = ending.find('.');
  if (second == std::string_view::npos) return true;
  return among(kSecondLevels, ending.substr(0, second)) && ending.find('.', second + 1) == std::string_view::npos;
}

}  // namespace

Channels::Channels(ChannelDomains domains) {
  for (const auto& known : kDomains) domains_.emplace(known.domain, known.channel);
  const auto add = [&](const std::vector<std::string>& names, std::string_view channel) {
    for (const auto& name : names) domains_.insert_or_assign(ascii::lowered(name), channel);
  };
  add(domains.search, kSearch);
  add(domains.social, kSocial);
  add(domains.mail, kMail);
  for (const auto& [merchant, names] : domains.of_merchants) {
    for (const auto& name : names) of_merchants_[merchant].push_back(ascii::lowered(name));
  }
}

bool Channels::is_paid(std::string_view medium) {
  return among(kPaidMediums, medium) || (medium.size() >= 4 && ascii::same_word("paid", medium.substr(0, 4)));
}

std::string_view Channels::channel(const Visit& visit) const {
  const auto told = by_campaign(visit);
  return told.empty() ? by_referrer(visit) : told;
}

std::string_view Channels::by_campaign(const Visit& visit) const {
  if (visit.ad_click || is_paid(visit.medium)) return kPaid;
  if (among(kMailWords, visit.medium) || among(kMailWords, visit.source)) return kMail;
  if (among(kSocialMediums, visit.medium)) return kSocial;
  if (among(kSearchMediums, visit.medium)) return kSearch;
  return visit.campaign.empty() ? std::string_view{} : kCampaign;
}

std::string_view Channels::by_referrer(const Visit& visit) const {
  if (is_internal(visit)) return kInternal;
  if (visit.referrer_domain.empty()) return visit.facebook_click ? kSocial : kDirect;
  const auto channel = known(visit.referrer_domain);
  return channel.empty() ? kReferral : channel;
}

bool Channels::is_internal(const Visit& visit) const {
  if (visit.referrer_domain.empty()) return false;
  if (visit.referrer_domain == visit.url_domain) return true;
  const auto own = of_merchants_.find(visit.merchant);
  return own != of_merchants_.end() && std::any_of(own->second.begin(), own->second.end(), [&](const auto& domain) {
           return is_under(visit.referrer_domain, domain);
         });
}

// From the whole domain up: `mail.google.com` before `google.com`.
std::string_view Channels::known(std::string_view domain) const {
  while (!domain.empty()) {
    if (const auto found = domains_.find(domain); found != domains_.end()) return found->second;
    if (is_search_everywhere(domain)) return kSearch;
    const auto dot = domain.find('.');
    if (dot == std::string_view::npos) break;
    domain.remove_prefix(dot + 1);
  }
  return {};
}

}  // namespace guidepost::enrich
