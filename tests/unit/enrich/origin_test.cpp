// Campaigns and channels, as an event gets them.
#include <gtest/gtest.h>

#include "enrich/campaign.hpp"
#include "enrich/enricher.hpp"

namespace guidepost::enrich {
namespace {

using event::Field;

EnrichOptions with_domains() {
  EnrichOptions options;
  options.domains.search = {"Find.example"};
  options.domains.social = {"friends.example", "google.com"};
  options.domains.mail = {"post.example"};
  options.domains.of_merchants["shop"] = {"shop.example", "Shop-Blog.example"};
  return options;
}

struct Origin {
  std::string channel;
  std::string campaign;
  bool operator==(const Origin&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Origin& o) { return out << o.channel << " | " << o.campaign; }

Origin origin(Enricher& enricher, std::string_view url, std::string_view referrer, std::string_view request = {}) {
  Arena arena;
  event::Accepted e;
  e.text[Field::kMerchant] = "shop";
  e.text[Field::kUrl] = url;
  e.text[Field::kReferrer] = referrer;
  e.text[Field::kRequest] = request;
  enricher.enrich(e, arena);
  return {std::string(e.text[Field::kChannel]), std::string(e.text[Field::kCampaign])};
}

TEST(Channel, IsWhatTheReferrerSaysWhereThereIsNoCampaign) {
  auto enricher = Enricher::open({}).value();
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "direct"},
      {"-", "direct"},
      {"about:blank", "direct"},
      {"https://www.shop.example/a", "internal"},
      {"https://shop.example:8443/", "internal"},
      {"https://m.shop.example/", "referral"},
      {"https://www.google.com/search?q=x", "search"},
      {"https://www.google.co.uk/", "search"},
      {"https://google.de/", "search"},
      {"https://www.google.com.br/", "search"},
      {"https://google.evil.shop.example/", "referral"},
      {"https://notgoogle.com/", "referral"},
      {"https://google.com.evil.example/", "referral"},
      {"https://yandex.ru/", "search"},
      {"https://www.bing.com/", "search"},
      {"https://r.duckduckgo.com/", "search"},
      {"https://de.search.yahoo.com/", "search"},
      {"https://mail.google.com/", "mail"},
      {"https://mail.yahoo.com/", "mail"},
      {"https://outlook.live.com/", "mail"},
      {"android-app://com.google.android.gm/", "mail"},
      {"android-app://com.google.android.googlequicksearchbox/", "search"},
      {"https://m.facebook.com/", "social"},
      {"https://l.instagram.com/", "social"},
      {"https://t.co/x", "social"},
      {"https://x.com/", "social"},
      {"https://netflix.com/", "referral"},
      {"https://plus.google.com/", "social"},
      {"https://www.youtube.com/", "social"},
      {"https://news.example/", "referral"},
      {"http://192.0.2.1/", "referral"},
  };
  for (const auto& [referrer, channel] : cases) {
    EXPECT_EQ(origin(enricher, "https://shop.example/", referrer), (Origin{std::string(channel), "(none)"}))
        << referrer;
  }
}

TEST(Channel, KnowsAnInstallationsOwnDomains) {
  auto enricher = Enricher::open(with_domains()).value();
  EXPECT_EQ(origin(enricher, "/a", "https://www.shop.example/b", "GET 200 1").channel, "internal");
  EXPECT_EQ(origin(enricher, "/a", "https://m.shop.example/b").channel, "internal");
  EXPECT_EQ(origin(enricher, "/a", "https://shop-blog.example/").channel, "internal");
  EXPECT_EQ(origin(enricher, "/a", "https://myshop.example/").channel, "referral");
  EXPECT_EQ(origin(enricher, "/a", "https://find.example/").channel, "search");
  EXPECT_EQ(origin(enricher, "/a", "https://friends.example/").channel, "social");
  EXPECT_EQ(origin(enricher, "/a", "https://web.post.example/").channel, "mail");
  EXPECT_EQ(origin(enricher, "/a", "https://www.google.com/").channel, "social");  // ours before the known ones
}

TEST(Channel, IsWhatTheCampaignSaysFirst) {
  auto enricher = Enricher::open({}).value();
  const std::tuple<std::string_view, std::string_view, std::string_view> cases[] = {
      {"gclid=1", "paid", "(google ads)"},
      {"gbraid=1", "paid", "(google ads)"},
      {"wbraid=1", "paid", "(google ads)"},
      {"dclid=1", "paid", "(google ads)"},
      {"msclkid=1", "paid", "(microsoft ads)"},
      {"gclid=", "search", "(none)"},
      {"xgclid=1", "search", "(none)"},
      {"fbclid=1", "search", "(none)"},
      {"fbclid=1&utm_medium=paid_social", "paid", "(meta ads)"},
      {"utm_medium=cpc", "paid", "(none)"},
      {"utm_medium=PPC&utm_source=google&utm_campaign=May", "paid", "May"},
      {"utm_medium=display", "paid", "(none)"},
      {"utm_medium=banner&utm_source=news", "paid", "news"},
      {"utm_source=mail", "mail", "mail"},
      {"utm_source=crm&utm_medium=Email", "mail", "crm"},
      {"utm_medium=newsletter&utm_campaign=may", "mail", "may"},
      {"utm_medium=social&utm_source=x", "social", "x"},
      {"utm_medium=organic&utm_source=bing", "search", "bing"},
      {"utm_campaign=may", "campaign", "may"},
      {"utm_source=partner", "campaign", "partner"},
      {"utm_medium=affiliate", "campaign", "(none)"},
      {"utm_term=x&utm_content=y", "search", "(none)"},
      {"gclid=1&utm_campaign=may&utm_medium=email", "paid", "may"},
  };
  for (const auto& [query, channel, campaign] : cases) {
    EXPECT_EQ(origin(enricher, "https://shop.example/?" + std::string(query), "https://www.google.com/"),
              (Origin{std::string(channel), std::string(campaign)}))
        << query;
  }
  EXPECT_EQ(origin(enricher, "https://shop.example/?fbclid=1", "").channel, "social");
  EXPECT_EQ(origin(enricher, "https://shop.example/?fbclid=1", "https://shop.example/").channel, "internal");
}

TEST(Campaign, OfTheUrlIsDecoded) {
  Arena arena;
  const auto all = url_campaign(
      "https://x.example/?a=b&utm_source=a+b&utm_medium=c%26d&utm_campaign=K%C3%A4se&utm_term=%zz%4&utm_content=100%25"
      "&utm_source=second#?utm_medium=x",
      arena);
  EXPECT_EQ(all.source, "a b");
  EXPECT_EQ(all.medium, "c&d");
  EXPECT_EQ(all.name, "K\u00e4se");
  EXPECT_EQ(all.term, "%zz%4");
  EXPECT_EQ(all.content, "100%");
}

TEST(Campaign, OfTheUrlIsLeftOutWhereItIsNoText) {
  Arena arena;
  for (const std::string_view value : {"", "%ff", "%c3", "a%00b", "%0a", "%c2%85", "\xff"}) {
    EXPECT_EQ(url_campaign("/?utm_source=" + std::string(value), arena).source, "") << value;
  }
  EXPECT_EQ(url_campaign("/?utm_source", arena).source, "");
  EXPECT_EQ(url_campaign("/#?utm_source=x", arena).source, "");
  EXPECT_EQ(url_campaign("/?UTM_SOURCE=x", arena).source, "");
  EXPECT_EQ(url_campaign("/?&&=&=x&utm_source=x&", arena).source, "x");
  EXPECT_EQ(url_campaign("/?utm_source=%ff&utm_source=x", arena).source, "x");
}

TEST(Campaign, OfTheUrlIsBounded) {
  Arena arena;
  const std::string long_value(2000, 'x');
  EXPECT_EQ(url_campaign("/?utm_source=" + long_value, arena).source.size(), kMaxCampaignValue);
  std::string wide;
  for (int i = 0; i < 300; ++i) wide += "%E2%82%AC";
  const auto cut = url_campaign("/?utm_source=" + wide, arena).source;
  EXPECT_EQ(cut.size(), kMaxCampaignValue / 3 * 3);
  std::string many = "/?";
  for (int i = 0; i < 2000; ++i) many += "&utm_source=%ff";
  EXPECT_EQ(url_campaign(many, arena).source, "");
}

TEST(Campaign, OfTheEventItselfCountsBeforeTheUrls) {
  auto enricher = Enricher::open({}).value();
  Arena arena;
  event::Accepted e;
  e.text[Field::kUrl] =
      "https://shop.example/?utm_source=url&utm_campaign=url&utm_term=url&utm_content=url&utm_medium=cpc";
  e.text[Field::kCampaignName] = "own";
  e.text[Field::kCampaignMedium] = "email";
  enricher.enrich(e, arena);
  EXPECT_EQ(e.text[Field::kCampaignSource], "url");
  EXPECT_EQ(e.text[Field::kCampaignMedium], "email");
  EXPECT_EQ(e.text[Field::kCampaignName], "own");
  EXPECT_EQ(e.text[Field::kCampaignTerm], "url");
  EXPECT_EQ(e.text[Field::kCampaignContent], "url");
  EXPECT_EQ(e.text[Field::kCampaign], "own");
  EXPECT_EQ(e.text[Field::kChannel], "mail");
  const std::string endless(5000, 'x');
  e.text[Field::kCampaignName] = endless;
  enricher.enrich(e, arena);
  EXPECT_EQ(e.text[Field::kCampaignName].size(), endless.size());
  EXPECT_EQ(e.text[Field::kCampaign].size(), kMaxCampaignValue);
}

TEST(Language, IsTheFirstOfTheList) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"de-DE,de;q=0.9,en;q=0.8", "de-DE"},
      {"de-DE", "de-DE"},
      {"de;q=0.5", "de"},
      {" fr , en", "fr"},
      {"zh-Hant-TW", "zh-Hant-TW"},
      {"en_US", "en_US"},
      {"*", ""},
      {"", ""},
      {",de", ""},
      {"d\xc3\xa9", ""},
      {"   ", ""},
      {";q=1", ""},
  };
  for (const auto& [accepted, first] : cases) EXPECT_EQ(first_language(accepted), first) << accepted;
  EXPECT_EQ(first_language(std::string(36, 'x')), "");
  EXPECT_EQ(first_language(std::string(35, 'x')).size(), 35U);
  EXPECT_EQ(first_language(std::string(100'000, ' ')), "");
}

}  // namespace
}  // namespace guidepost::enrich
