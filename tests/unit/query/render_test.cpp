#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "query/query.hpp"

namespace guidepost::query {
namespace {

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }

QueryResult result_of(RequestWords words) {
  words.merchant = "shop";
  words.from = "2015-05-17";
  words.to = "2015-05-19";
  return {*parse_request(words), {}, {}, {}, 0, {}, 0xabc};
}

TEST(RenderJson, IsTheShapeThatIsPromised) {
  auto result =
      result_of({.metrics = "events,users", .by = "url,country", .interval = "day", .tz = "Asia/Kolkata", .top = "1"});
  const auto day = at("2015-05-16T18:30:00Z");
  result.rows = {{day, {"/a", "DE"}, {5, 2}}, {day + std::chrono::hours{24}, {"/a", "US"}, {1, 1}}};
  result.totals.metrics = {6, 3};
  result.groups = 7;
  result.freshness.as_of = at("2015-05-19T10:00:00.5Z");
  result.freshness.sources = {{SourceId{3}, "clicks.raw", Partition{0}, 12, at("2015-05-19T10:00:00Z")},
                              {SourceId{4}, "clicks.raw", Partition{1}, {}, {}}};
  const auto json = nlohmann::json::parse(render_json(result));
  EXPECT_EQ(json, nlohmann::json::parse(R"({
    "merchant": "shop", "from": "2015-05-17T00:00:00+05:30", "to": "2015-05-19T00:00:00+05:30", "tz": "Asia/Kolkata",
    "rows": [{"bucket": "2015-05-17T00:00:00+05:30", "url": "/a", "country": "DE", "events": 5, "users": 2},
             {"bucket": "2015-05-18T00:00:00+05:30", "url": "/a", "country": "US", "events": 1, "users": 1}],
    "totals": {"events": 6, "users": 3}, "groups": 7, "as_of": "2015-05-19T10:00:00.500Z", "revision": "0000000000000abc",
    "completeness": [{"source": 3, "topic": "clicks.raw", "partition": 0, "lag": 12, "counted_until": "2015-05-19T10:00:00Z"},
                     {"source": 4, "topic": "clicks.raw", "partition": 1, "lag": null, "counted_until": null}]})"));
}

TEST(RenderJson, IsValidWhateverAUrlHolds) {
  auto result = result_of({.metrics = "events", .by = "url"});
  for (const std::string& url :
       {std::string("/\"\\\n\x01\x7f"), std::string("/\0", 2), std::string("/k\xc3\xa4se"), std::string("/\xff\xc3"),
        std::string("/\xed\xa0\x80"), std::string("/\xf0\x9f\x90\x88"), std::string("/\xc0\x80")}) {
    result.rows.push_back({{}, {url}, {1}});
  }
  result.totals.metrics = {7};
  const auto rows = nlohmann::json::parse(render_json(result))["rows"];
  ASSERT_EQ(rows.size(), 7U);
  EXPECT_EQ(rows[0]["url"], "/\"\\\n\x01\x7f");
  EXPECT_EQ(rows[1]["url"], std::string("/\0", 2));
  EXPECT_EQ(rows[2]["url"], "/k\xc3\xa4se");
  EXPECT_EQ(rows[3]["url"], "/\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(rows[4]["url"], "/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") << "a surrogate is no character";
  EXPECT_EQ(rows[5]["url"], "/\xf0\x9f\x90\x88");
  EXPECT_EQ(rows[6]["url"], "/\xef\xbf\xbd\xef\xbf\xbd") << "overlong";
}

TEST(RenderTable, IsPlainWhereItIsPiped) {
  auto result = result_of({.metrics = "events,users", .by = "url", .where = {"country=DE"}, .top = "2"});
  result.rows = {{{}, {"/products/xdotool"}, {12345, 20}}, {{}, {"/\x1b[31m"}, {7, 3}}};
  result.totals.metrics = {12400, 25};
  result.groups = 40;
  EXPECT_EQ(render_table(result, text::Look{}),
            "shop, 2015-05-17T00:00:00Z to 2015-05-19T00:00:00Z, country = DE\n"
            "\n"
            "url                events  users\n"
            "/products/xdotool   12345     20\n"
            "/\\x1b[31m               7      3\n"
            "total               12400     25\n"
            "\n"
            "2 of 40 values; the totals are of all\n");
}

TEST(RenderTable, DrawsBarsAndASparklineOnATerminal) {
  auto result = result_of({.metrics = "events,users", .interval = "day"});
  result.rows = {{at("2015-05-17T00:00:00Z"), {}, {2000, 20}}, {at("2015-05-18T00:00:00Z"), {}, {1000, 3}}};
  result.series = {2000, 1000};
  result.totals.metrics = {3000, 22};
  const auto shown = render_table(result, text::Look{.terminal = true, .width = 80});
  EXPECT_EQ(shown,
            "shop, 2015-05-17T00:00:00Z to 2015-05-19T00:00:00Z\n"
            "\n"
            "day         events  users\n"
            "2015-05-17   2,000     20  ████████████████████\n"
            "2015-05-18   1,000      3  ██████████\n"
            "total        3,000     22\n"
            "\n"
            "events by day\n" +
                text::sparkline(std::vector<double>{2000, 1000}) + "\n");
}

TEST(RenderTable, ShortensLongUrlsInTheMiddleOnANarrowTerminal) {
  auto result = result_of({.metrics = "events,users", .by = "url"});
  result.rows = {{{}, {"/catalogue/shoes/women/winter/boots/red-leather-boots-with-laces-no-4711"}, {10, 1}}};
  result.totals.metrics = {10, 1};
  for (const std::size_t width : {60, 80, 200}) {
    const auto shown = render_table(result, text::Look{.terminal = true, .width = width});
    EXPECT_NE(shown.find("/catalogue"), std::string::npos) << shown;
    EXPECT_NE(shown.find("4711"), std::string::npos) << "the end says which one it is\n" << shown;
    std::string_view rest = shown;
    while (!rest.empty()) {
      const auto line = rest.substr(0, rest.find('\n'));
      EXPECT_LE(text::display_width(line), width) << line;
      rest.remove_prefix(line.size() + 1);
    }
  }
}

TEST(RenderTable, SaysHowFreshItIs) {
  auto result = result_of({.metrics = "events", .traffic = "all"});
  result.rows = {{{}, {}, {10}}};
  result.totals.metrics = {10};
  result.freshness.as_of = at("2015-05-19T10:00:00Z");
  EXPECT_EQ(render_table(result, text::Look{}),
            "shop, 2015-05-17T00:00:00Z to 2015-05-19T00:00:00Z, with bots\n"
            "\n"
            "       events\n"
            "total      10\n"
            "\n"
            "as of 2015-05-19T10:00:00Z\n");
}

}  // namespace
}  // namespace guidepost::query
