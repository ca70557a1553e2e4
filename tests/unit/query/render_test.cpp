#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "query/query.hpp"

namespace guidepost::query {
namespace {

std::vector<Value> counts(std::initializer_list<std::int64_t> numbers) {
  std::vector<Value> values;
  for (const auto n : numbers) values.push_back({n});
  return values;
}

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }

QueryResult result_of(RequestWords words) {
  words.merchant = "shop";
  words.from = "2015-05-17";
  words.to = "2015-05-19";
  auto request = parse_request(words);
  if (!request) throw std::runtime_error(request.error().message);
  return {.request = *request, .revision = 0xabc};
}

TEST(RenderJson, IsTheShapeThatIsPromised) {
  auto result =
      result_of({.metrics = "events,users", .by = "url,country", .interval = "day", .tz = "Asia/Kolkata", .top = "1"});
  const auto day = at("2015-05-16T18:30:00Z");
  result.rows = {{day, {"/a", "DE"}, counts({5, 2})}, {day + std::chrono::hours{24}, {"/a", "US"}, counts({1, 1})}};
  result.totals.metrics = counts({6, 3});
  result.groups = 7;
  result.freshness.as_of = at("2015-05-19T10:00:00.5Z");
  result.freshness.sources = {
      {SourceId{3}, "clicks.raw", Partition{0}, 12, at("2015-05-19T10:00:00Z"), 5, at("2015-05-19T09:59:00Z")},
      {SourceId{4}, "clicks.raw", Partition{1}, {}, {}}};
  result.freshness.missing = {
      {SourceId{3}, Offset{20}, Offset{30}, at("2015-05-18T09:00:00Z"), at("2015-05-18T12:00:00Z"), true},
      {SourceId{4}, Offset{0}, Offset{7}, {}, at("2015-05-18T12:00:00Z"), false}};
  const auto json = nlohmann::json::parse(render_json(result));
  EXPECT_EQ(json, nlohmann::json::parse(R"({
    "merchant": "shop", "from": "2015-05-17T00:00:00+05:30", "to": "2015-05-19T00:00:00+05:30", "tz": "Asia/Kolkata",
    "rows": [{"bucket": "2015-05-17T00:00:00+05:30", "url": "/a", "country": "DE", "events": 5, "users": 2},
             {"bucket": "2015-05-18T00:00:00+05:30", "url": "/a", "country": "US", "events": 1, "users": 1}],
    "totals": {"events": 6, "users": 3}, "groups": 7, "estimated": [], "as_of": "2015-05-19T10:00:00.500Z", "revision": "0000000000000abc",
    "completeness": [{"source": 3, "topic": "clicks.raw", "partition": 0, "lag": 12, "counted_until": "2015-05-19T10:00:00Z",
                      "decided": 5, "waiting_since": "2015-05-19T09:59:00Z"},
                     {"source": 4, "topic": "clicks.raw", "partition": 1, "lag": null, "counted_until": null,
                      "decided": 0, "waiting_since": null}],
    "gaps": [{"source": 3, "from": 20, "to": 30, "count": 10, "after": "2015-05-18T09:00:00Z", "before": "2015-05-18T12:00:00Z", "accepted": true},
             {"source": 4, "from": 0, "to": 7, "count": 7, "after": null, "before": "2015-05-18T12:00:00Z", "accepted": false}]})"));
}

TEST(RenderJson, IsValidWhateverAUrlHolds) {
  auto result = result_of({.metrics = "events", .by = "url"});
  for (const std::string& url :
       {std::string("/\"\\\n\x01\x7f"), std::string("/\0", 2), std::string("/k\xc3\xa4se"), std::string("/\xff\xc3"),
        std::string("/\xed\xa0\x80"), std::string("/\xf0\x9f\x90\x88"), std::string("/\xc0\x80")}) {
    result.rows.push_back({{}, {url}, counts({1})});
  }
  result.totals.metrics = counts({7});
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

Value money(std::vector<std::pair<std::string_view, std::int64_t>> sums) {
  Value value;
  for (const auto& [code, minor] : sums) value.amounts.push_back({{code[0], code[1], code[2]}, minor});
  return value;
}
const Value kUndefined{};

TEST(RenderJson, WritesMoneyRatesAndWhatIsNotDefined) {
  auto result = result_of({.metrics = "revenue,average_order_value,bounce_rate,avg_time_ms,sessions"});
  result.rows = {{{}, {}, {money({{"EUR", 1250}, {"JPY", 300}, {"KWD", -1}}), money({}), {2543}, {95'400}, {7}}},
                 {{}, {}, {money({}), money({}), kUndefined, kUndefined, {0}}}};
  result.totals.metrics = result.rows.front().metrics;
  result.ranking_currency = "EUR";
  const auto json = nlohmann::json::parse(render_json(result));
  EXPECT_EQ(json["rows"][0], nlohmann::json::parse(R"({"revenue": {"EUR": "12.50", "JPY": "300", "KWD": "-0.001"},
    "average_order_value": {}, "bounce_rate": 0.2543, "avg_time_ms": 95400, "sessions": 7})"));
  EXPECT_EQ(json["rows"][1], nlohmann::json::parse(R"({"revenue": {}, "average_order_value": {}, "bounce_rate": null,
    "avg_time_ms": null, "sessions": 0})"));
  EXPECT_EQ(json["ranked_by_currency"], "EUR");
}

TEST(RenderJson, SaysWhatIsEstimated) {
  auto result = result_of({.metrics = "devices,users"});
  result.rows = {{{}, {}, {{5000, {}, true}, {30}}}};
  result.totals.metrics = result.rows.front().metrics;
  result.estimated = {"devices"};
  const auto json = nlohmann::json::parse(render_json(result));
  EXPECT_EQ(json["estimated"], nlohmann::json::parse(R"(["devices"])"));
  EXPECT_EQ(json["rows"][0]["devices"], 5000);
  EXPECT_FALSE(json.contains("ranked_by_currency"));
  EXPECT_FALSE(json.contains("compared_with"));
}

TEST(RenderJson, PutsThePreviousTimeBesideEachNumber) {
  auto result = result_of({.metrics = "events,bounce_rate,revenue", .by = "country", .compare = "previous"});
  result.rows = {{{}, {"DE"}, {{10}, {5000}, money({{"EUR", 150}})}, {{8}, {4000}, money({{"EUR", 100}, {"USD", 50}})}},
                 {{}, {"FR"}, {{3}, kUndefined, money({{"EUR", 1}})}, {{0}, {10}, money({})}},
                 {{}, {"IT"}, {{0}, {0}, money({})}, {{3}, {10}, money({})}}};
  result.totals = result.rows.front();
  const auto json = nlohmann::json::parse(render_json(result));
  EXPECT_EQ(json["compared_with"],
            nlohmann::json::parse(R"({"from":"2015-05-15T00:00:00Z","to":"2015-05-17T00:00:00Z"})"));
  EXPECT_EQ(json["rows"][0]["previous"],
            nlohmann::json::parse(R"({"events":8,"bounce_rate":0.4,"revenue":{"EUR":"1.00","USD":"0.50"}})"));
  EXPECT_EQ(json["rows"][0]["change"],
            nlohmann::json::parse(R"({"events":0.25,"bounce_rate":0.25,"revenue":{"EUR":0.5,"USD":-1.0}})"));
  EXPECT_EQ(json["rows"][1]["change"],
            nlohmann::json::parse(R"({"events":null,"bounce_rate":null,"revenue":{"EUR":null}})"));
  EXPECT_EQ(json["rows"][2]["change"], nlohmann::json::parse(R"({"events":-1.0,"bounce_rate":-1.0,"revenue":{}})"));
  EXPECT_EQ(json["totals"]["previous"]["events"], 8);
  EXPECT_EQ(json["totals"]["change"]["events"], 0.25);
}

TEST(RenderTable, ShowsMoneyRatesTimesAndEstimatesAsPeopleReadThem) {
  auto result = result_of({.metrics = "revenue,bounce_rate,avg_time_ms,devices", .by = "country"});
  result.rows = {{{}, {"DE"}, {money({{"EUR", 123'456'789}, {"JPY", 300}}), {4286}, {95'400}, {2114, {}, true}}},
                 {{}, {"FR"}, {money({{"EUR", -5}}), {10'000}, {3'599'500}, {3}}},
                 {{}, {"IT"}, {money({}), kUndefined, kUndefined, {0}}}};
  result.totals.metrics = result.rows.front().metrics;
  result.ranking_currency = "EUR";
  EXPECT_EQ(render_table(result, text::Look{}),
            "shop, 2015-05-17T00:00:00Z to 2015-05-19T00:00:00Z\n"
            "\n"
            "country                   revenue  bounce_rate  avg_time  devices\n"
            "DE       1234567.89 EUR + 300 JPY       42.9 %      1:35    ~2114\n"
            "FR                      -0.05 EUR      100.0 %     60:00        3\n"
            "IT                              -            -         -        0\n"
            "total    1234567.89 EUR + 300 JPY       42.9 %      1:35    ~2114\n"
            "\n"
            "ranked by the revenue in EUR\n");
  const auto shown = render_table(result, text::Look{.terminal = true, .width = 120});
  EXPECT_NE(shown.find("1,234,567.89 EUR + 300 JPY"), std::string::npos) << shown;
  EXPECT_NE(shown.find("~2,114"), std::string::npos) << shown;
}

TEST(RenderTable, ShowsChangesInPercent) {
  auto result = result_of({.metrics = "events,revenue", .by = "url", .compare = "previous"});
  result.rows = {{{}, {"/a"}, {{10}, money({{"EUR", 150}})}, {{8}, money({{"EUR", 100}})}},
                 {{}, {"/b"}, {{7}, money({{"EUR", 1}})}, {{9}, money({{"EUR", 1}, {"USD", 1}})}},
                 {{}, {"/c"}, {{3}, money({{"EUR", 2}})}, {{0}, money({})}},
                 {{}, {"/d"}, {{0}, money({})}, {{4}, money({})}}};
  result.totals = result.rows.front();
  EXPECT_EQ(
      render_table(result, text::Look{}),
      "shop, 2015-05-17T00:00:00Z to 2015-05-19T00:00:00Z, compared with 2015-05-15T00:00:00Z to 2015-05-17T00:00:00Z\n"
      "\n"
      "url    events  previous     change   revenue             previous                    change\n"
      "/a         10         8   ↑ 25.0 %  1.50 EUR             1.00 EUR                  ↑ 50.0 %\n"
      "/b          7         9   ↓ 22.2 %  0.01 EUR  0.01 EUR + 0.01 USD  0.0 % EUR, ↓ 100.0 % USD\n"
      "/c          3         0        new  0.02 EUR                    -                       new\n"
      "/d          0         4  ↓ 100.0 %         -                    -                         -\n"
      "total      10         8   ↑ 25.0 %  1.50 EUR             1.00 EUR                  ↑ 50.0 %\n");
}

TEST(RenderTable, IsPlainWhereItIsPiped) {
  auto result = result_of({.metrics = "events,users", .by = "url", .where = {"country=DE"}, .top = "2"});
  result.rows = {{{}, {"/products/xdotool"}, counts({12345, 20})}, {{}, {"/\x1b[31m"}, counts({7, 3})}};
  result.totals.metrics = counts({12400, 25});
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
  result.rows = {{at("2015-05-17T00:00:00Z"), {}, counts({2000, 20})},
                 {at("2015-05-18T00:00:00Z"), {}, counts({1000, 3})}};
  result.series = {2000, 1000};
  result.totals.metrics = counts({3000, 22});
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
  result.rows = {{{}, {"/catalogue/shoes/women/winter/boots/red-leather-boots-with-laces-no-4711"}, counts({10, 1})}};
  result.totals.metrics = counts({10, 1});
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
  result.rows = {{{}, {}, counts({10})}};
  result.totals.metrics = counts({10});
  result.freshness.as_of = at("2015-05-19T10:00:00Z");
  EXPECT_EQ(render_table(result, text::Look{}),
            "shop, 2015-05-17T00:00:00Z to 2015-05-19T00:00:00Z, with bots\n"
            "\n"
            "       events\n"
            "total      10\n"
            "\n"
            "as of 2015-05-19T10:00:00Z\n");
}

TEST(RenderTable, SaysWhichRecordsNoNumberHas) {
  auto result = result_of({.metrics = "events"});
  result.rows = {{{}, {}, counts({5})}};
  result.totals.metrics = counts({5});
  result.freshness.missing = {
      {SourceId{3}, Offset{20}, Offset{30}, at("2015-05-18T09:00:00Z"), at("2015-05-18T12:00:00Z"), true},
      {SourceId{4}, Offset{0}, Offset{7}, {}, at("2015-05-18T12:00:00Z"), false}};
  const auto table = render_table(result, {});
  EXPECT_NE(table.find("missing: 10 records received between 2015-05-18T09:00:00Z and 2015-05-18T12:00:00Z, of unknown "
                       "merchants (3:20-30)\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("missing: 7 records received between the beginning and 2015-05-18T12:00:00Z, of unknown "
                       "merchants (4:0-7; their partition stands still)\n"),
            std::string::npos)
      << table;
}

}  // namespace
}  // namespace guidepost::query
