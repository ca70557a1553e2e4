#include "query/request.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "base/time.hpp"

namespace guidepost::query {
namespace {

RequestWords words() {
  RequestWords w;
  w.merchant = "shop";
  w.from = "2015-05-17";
  w.to = "2015-05-18";
  return w;
}

std::string why(const RequestWords& w) {
  const auto parsed = parse_request(w);
  if (parsed) return "was taken";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  return parsed.error().message;
}

TEST(Request, HasDefaults) {
  const auto request = *parse_request(words());
  EXPECT_EQ(request.from, *parse_rfc3339("2015-05-17T00:00:00Z"));
  EXPECT_EQ(request.to, *parse_rfc3339("2015-05-18T00:00:00Z"));
  ASSERT_EQ(request.metrics.size(), 4U);
  EXPECT_EQ(request.metrics[3].name, "users");
  EXPECT_EQ(request.dimension, rollup::Dimension::kTotal);
  EXPECT_EQ(request.traffic, TrafficFilter::kHuman);
  EXPECT_FALSE(request.interval);
  EXPECT_FALSE(request.top);
}

TEST(Request, TakesDatesInItsTimeZone) {
  auto w = words();
  w.tz = "Asia/Kolkata";
  w.to = "2015-05-17T12:00:00+02:00";
  const auto request = *parse_request(w);
  EXPECT_EQ(request.from, *parse_rfc3339("2015-05-16T18:30:00Z"));
  EXPECT_EQ(request.to, *parse_rfc3339("2015-05-17T10:00:00Z"));
}

TEST(Request, AsksForWhatIsThereWhereNothingIsNamed) {
  const auto metrics = [](std::string by) {
    auto w = words();
    w.by = std::move(by);
    std::string names;
    const auto request = *parse_request(w);
    for (const auto& metric : request.metrics) names += std::string(metric.name) + " ";
    return names;
  };
  EXPECT_EQ(metrics("channel"), "events page_views devices users ");
  EXPECT_EQ(metrics("entry_page"), "sessions bounces bounce_rate ");
  EXPECT_EQ(metrics("exit_page"), "sessions ");
}

TEST(Request, LowersTheMerchantAsIngestDoes) {
  auto w = words();
  w.merchant = "Shop-1";
  EXPECT_EQ(parse_request(w)->merchant, "shop-1");
}

TEST(Request, FindsTheDimensionThatHoldsWhatIsAsked) {
  using rollup::Dimension;
  const auto dimension = [](std::string by, std::vector<std::string> where) {
    auto w = words();
    w.by = std::move(by);
    w.where = std::move(where);
    return parse_request(w)->dimension;
  };
  EXPECT_EQ(dimension("total", {}), Dimension::kTotal);
  EXPECT_EQ(dimension("country,url", {}), Dimension::kUrlCountry);
  EXPECT_EQ(dimension("url", {"country=DE"}), Dimension::kUrlCountry);
  EXPECT_EQ(dimension("url", {"url=/a=b"}), Dimension::kUrl);
  EXPECT_EQ(dimension("", {"url=/a", "country=DE"}), Dimension::kUrlCountry);
  EXPECT_EQ(dimension("referrer", {}), Dimension::kReferrerDomain);
  EXPECT_EQ(dimension("referrer_domain", {}), Dimension::kReferrerDomain);
  EXPECT_EQ(dimension("type", {}), Dimension::kType);
}

struct Wrong {
  const char* name;
  void (*change)(RequestWords&);
  std::vector<std::string> says;
};

class WrongRequest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRequest, SaysWhichFlagAndWhatIsAllowed) {
  auto w = words();
  GetParam().change(w);
  const auto message = why(w);
  for (const auto& part : GetParam().says)
    EXPECT_NE(message.find(part), std::string::npos) << part << " is not in: " << message;
}

INSTANTIATE_TEST_SUITE_P(
    Flags, WrongRequest,
    testing::Values(
        Wrong{"merchant", [](RequestWords& w) { w.merchant = ""; }, {"--merchant", "required"}},
        Wrong{"merchant_name", [](RequestWords& w) { w.merchant = "a b"; }, {"--merchant", "a-z"}},
        Wrong{"merchant_long", [](RequestWords& w) { w.merchant = std::string(41, 'a'); }, {"--merchant"}},
        Wrong{"from", [](RequestWords& w) { w.from = ""; }, {"--from", "2015-05-17"}},
        Wrong{"from_word", [](RequestWords& w) { w.from = "yesterday\x1b[2J"; }, {"--from", "'yesterday\\x1b"}},
        Wrong{"from_fine", [](RequestWords& w) { w.from = "2015-05-17T10:07:00Z"; }, {"--from", "quarter of an hour"}},
        Wrong{"from_old", [](RequestWords& w) { w.from = "1999-05-17"; }, {"--from", "2000"}},
        Wrong{"to", [](RequestWords& w) { w.to = "2015-05-17"; }, {"--to", "not after"}},
        Wrong{"metrics",
              [](RequestWords& w) { w.metrics = "events,user"; },
              {"--metrics", "'user'", "users", "did you mean users?"}},
        Wrong{"metrics_empty", [](RequestWords& w) { w.metrics = "events,"; }, {"--metrics", "''"}},
        Wrong{"metrics_of_urls",
              [](RequestWords& w) {
                w.metrics = "events,sessions";
                w.by = "url";
              },
              {"--metrics", "sessions is not held by url", "page_views", "avg_time_ms", "--by entry_page"}},
        Wrong{"metrics_of_entry_pages",
              [](RequestWords& w) {
                w.metrics = "events";
                w.by = "entry_page";
              },
              {"--metrics", "events", "entry_page, which has sessions, bounces, bounce_rate", "--by url"}},
        Wrong{"metrics_of_exit_pages",
              [](RequestWords& w) {
                w.metrics = "bounce_rate";
                w.where = {"exit_page=/"};
              },
              {"--metrics", "bounce_rate", "exit_page, which has sessions;", "--by entry_page"}},
        Wrong{"metrics_of_channels",
              [](RequestWords& w) {
                w.metrics = "avg_time_ms";
                w.by = "channel";
              },
              {"--metrics", "avg_time_ms is not held by channel", "bounce_rate"}},
        Wrong{"compare", [](RequestWords& w) { w.compare = "last_year"; }, {"--compare", "last_year", "previous"}},
        Wrong{"customers",
              [](RequestWords& w) {
                w.metrics = "customers";
                w.by = "url";
              },
              {"--metrics", "customers", "total only"}},
        Wrong{"by",
              [](RequestWords& w) { w.by = "browsr"; },
              {"--by", "browsr", "type, url, country, referrer_domain", "mean browser?"}},
        Wrong{
            "by_set", [](RequestWords& w) { w.by = "type,country"; }, {"--by", "type,country", "url,country", "total"}},
        Wrong{"by_twice", [](RequestWords& w) { w.by = "url,url"; }, {"--by", "twice"}},
        Wrong{"where", [](RequestWords& w) { w.where = {"country"}; }, {"--where", "country=DE"}},
        Wrong{"where_set",
              [](RequestWords& w) {
                w.by = "type";
                w.where = {"country=DE"};
              },
              {"--where", "type,country", "url,country"}},
        Wrong{"where_twice", [](RequestWords& w) { w.where = {"url=/a", "url=/b"}; }, {"--where", "twice"}},
        Wrong{"interval",
              [](RequestWords& w) { w.interval = "days"; },
              {"--interval", "15min, hour, day, week, month", "mean day?"}},
        Wrong{"tz", [](RequestWords& w) { w.tz = "Mars"; }, {"--tz", "Mars", "Europe/Berlin"}},
        Wrong{"traffic", [](RequestWords& w) { w.traffic = "robots"; }, {"--traffic", "human, bot, all"}},
        Wrong{"top", [](RequestWords& w) { w.top = "0"; }, {"--top", "1 to"}},
        Wrong{"top_sign", [](RequestWords& w) { w.top = "-3"; }, {"--top"}},
        Wrong{"top_tail", [](RequestWords& w) { w.top = "10x"; }, {"--top"}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace guidepost::query
