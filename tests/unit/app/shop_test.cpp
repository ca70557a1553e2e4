#include "app/shop.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/config.hpp"
#include "enrich/enricher.hpp"
#include "event/decoder.hpp"

namespace guidepost::app {
namespace {

using event::Field;

ShopOptions small_shop() {
  ShopOptions options;
  options.events = 4000;
  options.start = from_unix_ms(1'431'857'103'000);
  return options;
}

enrich::Enricher enricher() {
  enrich::EnrichOptions options;
  options.bot_agents = default_bot_agents();
  options.no_agent_is_bot = true;
  return enrich::Enricher::open(options).value();
}

void expect_as_told(const event::Accepted& found, const ShopRecord& told) {
  const auto text = [&](Field field) { return std::string(found.text[field]); };
  EXPECT_EQ(text(Field::kBrowser), told.browser) << told.body;
  EXPECT_EQ(text(Field::kOs), told.os) << told.body;
  EXPECT_EQ(text(Field::kDeviceClass), told.device_class) << told.body;
  EXPECT_EQ(to_string(found.traffic), told.traffic) << told.body;
  EXPECT_EQ(text(Field::kChannel), told.channel) << told.body;
  EXPECT_EQ(text(Field::kCampaign), told.campaign) << told.body;
  EXPECT_EQ(text(Field::kReferrerDomain), told.referrer_domain) << told.body;
}

// What is written by hand beside each agent and referrer, against what is decided about them.
TEST(Shop, TellsTheTruthAboutAgentsChannelsAndCampaigns) {
  auto options = small_shop();
  options.bot_share = 0.3;
  Shop shop(options);
  auto enricher_of_test = enricher();
  event::Decoder decoder({});
  ShopRecord record;
  std::map<std::string, int> traffic, channels, browsers;
  for (std::int64_t offset = 0; shop.next(record); ++offset) {
    if (record.kind != "ok") continue;
    Arena arena;
    auto decoded = decoder.decode({Offset{offset}, record.received, {}, record.body}, Partition{0}, arena);
    ASSERT_EQ(decoded.kind, event::RecordKind::kEvent) << record.body;
    enricher_of_test.enrich(decoded.event, arena);
    expect_as_told(decoded.event, record);
    ++traffic[record.traffic];
    ++channels[record.channel];
    ++browsers[record.browser];
  }
  EXPECT_GT(traffic["human"], traffic["bot"]);
  EXPECT_GT(traffic["bot"], 500);
  for (const auto* const channel : {"direct", "search", "social", "referral", "mail"}) EXPECT_GT(channels[channel], 10);
  EXPECT_GT(browsers.size(), 15U);
}

std::string without_agent(std::string body) {
  const auto begin = body.find(R"("user_agent":")");
  if (begin != std::string::npos) body.erase(begin, body.find(R"(","language")", begin) - begin);
  return body;
}

TEST(Shop, ItsBotsChangeNothingButAgents) {
  auto options = small_shop();
  Shop people(options);
  options.bot_share = 0.5;
  Shop mixed(options);
  ShopRecord a, b;
  int bots = 0;
  while (people.next(a) && mixed.next(b)) {
    ASSERT_EQ(without_agent(a.body), without_agent(b.body));
    ASSERT_NE(a.traffic, "bot");
    if (b.traffic == "bot") {
      ++bots;
    } else {
      ASSERT_EQ(a.body, b.body);
    }
  }
  EXPECT_GT(bots, 1000);
}

}  // namespace
}  // namespace guidepost::app
