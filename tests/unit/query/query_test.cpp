#include "query/query.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "base/time.hpp"
#include "query/value_text.hpp"
#include "support/stored_pages.hpp"

namespace guidepost::query {
namespace {

using test::FakeTableStore;
using test::StoredPages;
using test::Visit;

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }
const TimeMs kNoon = at("2015-05-17T12:00:00Z");

class Query : public testing::Test {
 protected:
  FakeTableStore store;
  StoredPages pages{store};
  QueryOptions options;

  Result<QueryResult> try_ask(RequestWords words) {
    if (words.merchant.empty()) words.merchant = "shop";
    if (words.from.empty()) words.from = "2015-05-17";
    if (words.to.empty()) words.to = "2015-05-18";
    auto request = parse_request(words);
    if (!request) return tl::unexpected(request.error());
    return run(*request, store, Names{}, options);
  }
  QueryResult ask(RequestWords words) {
    auto result = try_ask(std::move(words));
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
  }
  static std::string numbers(const QueryResult& result, const std::vector<Value>& values) {
    std::string line;
    for (std::size_t m = 0; m < values.size(); ++m)
      line += (m == 0 ? "" : ",") + json_value(result.request.metrics[m], values[m]);
    return line;
  }
  static std::string totals(const QueryResult& result) { return numbers(result, result.totals.metrics); }
  /// `a,b=1,2` a row, in order; with what it is compared with, `a,b=1,2 was 0,1`.
  static std::vector<std::string> lines(const QueryResult& result) {
    std::vector<std::string> out;
    for (const auto& row : result.rows) {
      std::string line = row.bucket ? result.request.zone.rfc3339(*row.bucket) + " " : "";
      for (const auto& value : row.values) line += (&value == row.values.data() ? "" : ",") + value;
      line += "=" + numbers(result, row.metrics);
      if (!row.previous.empty()) line += " was " + numbers(result, row.previous);
      out.push_back(line);
    }
    return out;
  }
  using Lines = std::vector<std::string>;
};

TEST_F(Query, AnswersNothingWhereNothingIsStored) {
  const auto result = ask({});
  EXPECT_EQ(lines(result), Lines{"=0,0,0,0"});
  EXPECT_EQ(ask({.by = "url"}).rows.size(), 0U);
}

TEST_F(Query, SumsBucketsAndSourcesAndUnitesTheirDevices) {
  pages.add({.type = "page_view", .guid = "a"}, kNoon, SourceId{1});
  pages.add({.type = "click", .guid = "b", .customer = "anna"}, kNoon, SourceId{2});
  pages.add({.type = "purchase", .guid = "a", .customer = "anna"}, kNoon + std::chrono::hours{3}, SourceId{1});
  pages.put();
  const auto result = ask({.metrics = "events,page_views,clicks,purchases,devices,users,customers,identified"});
  EXPECT_EQ(lines(result), Lines{"=3,1,1,1,2,2,1,2"}) << "users: a before she was known, anna";
  EXPECT_EQ(result.totals.metrics, result.rows[0].metrics);
}

TEST_F(Query, TakesFromButNotTo) {
  for (const auto* time :
       {"2015-05-16T23:59:59Z", "2015-05-17T00:00:00Z", "2015-05-17T23:59:59.999Z", "2015-05-18T00:00:00Z"})
    pages.add({}, at(time));
  pages.put();
  EXPECT_EQ(lines(ask({.metrics = "events"})), Lines{"=2"});
  EXPECT_EQ(lines(ask({.from = "2015-05-17T23:45:00Z", .to = "2015-05-18T00:15:00Z", .metrics = "events"})),
            Lines{"=2"});
}

TEST_F(Query, ReadsEveryMonthAndMissesNoneThatIsNotThere) {
  pages.add({.guid = "a"}, at("2015-03-31T23:59:00Z"));
  pages.add({.guid = "b"}, at("2015-06-01T00:00:00Z"));  // no table for April and May
  pages.add({.guid = "c"}, at("2016-01-01T00:00:00Z"));
  pages.put();
  EXPECT_EQ(lines(ask({.from = "2015-01-01", .to = "2016-12-31", .metrics = "events,devices"})), Lines{"=3,3"});
}

TEST_F(Query, KeepsMerchantsApart) {
  pages.add({}, kNoon, SourceId{1}, "shop");
  pages.add({}, kNoon, SourceId{1}, "shop2");
  pages.add({}, kNoon, SourceId{1}, "sho");
  pages.put();
  EXPECT_EQ(lines(ask({.metrics = "events"})), Lines{"=1"});
}

TEST_F(Query, GroupsByWhatPagesHoldMostFirst) {
  pages.add({.type = "click", .guid = "a", .path = "/x", .country = "DE", .referrer_domain = "r.org"}, kNoon,
            SourceId{1});
  pages.add({.type = "click", .guid = "a", .path = "/x", .country = "US"}, kNoon, SourceId{2});
  pages.add({.type = "search", .guid = "b", .path = "/b", .country = "DE"}, kNoon);
  pages.add({.type = "search", .guid = "c", .path = "/a", .country = "DE"}, kNoon);
  pages.put();
  const auto by = [&](std::string dims) { return lines(ask({.metrics = "events,devices", .by = std::move(dims)})); };
  EXPECT_EQ(by("url"), (Lines{"/x=2,1", "/a=1,1", "/b=1,1"}));
  EXPECT_EQ(by("country"), (Lines{"DE=3,3", "US=1,1"}));
  EXPECT_EQ(by("type"), (Lines{"click=2,1", "search=2,2"}));
  EXPECT_EQ(by("referrer"), (Lines{"r.org=1,1"}));
  EXPECT_EQ(by("url,country"), (Lines{"/a,DE=1,1", "/b,DE=1,1", "/x,DE=1,1", "/x,US=1,1"}));
  EXPECT_EQ(by("country,url"), (Lines{"DE,/a=1,1", "DE,/b=1,1", "DE,/x=1,1", "US,/x=1,1"}));
}

TEST_F(Query, FiltersByValue) {
  pages.add({.guid = "a", .path = "/x", .country = "DE"}, kNoon);
  pages.add({.guid = "b", .path = "/x", .country = "US"}, kNoon);
  pages.add({.guid = "c", .path = "/y", .country = "US"}, kNoon);
  pages.put();
  const auto where = [&](std::string by, std::vector<std::string> conditions) {
    return lines(ask({.metrics = "events", .by = std::move(by), .where = std::move(conditions)}));
  };
  EXPECT_EQ(where("url", {"country=US"}), (Lines{"/x=1", "/y=1"}));
  EXPECT_EQ(where("country", {"url=/x"}), (Lines{"DE=1", "US=1"}));
  EXPECT_EQ(where("total", {"url=/x"}), (Lines{"=2"}));
  EXPECT_EQ(where("total", {"url=/x", "country=US"}), (Lines{"=1"}));
  EXPECT_EQ(where("url", {"url=/nowhere"}), Lines{});
}

TEST_F(Query, ShowsHumansUnlessAskedForBots) {
  pages.add({.guid = "a"}, kNoon);
  pages.add({.guid = "b", .traffic = event::Traffic::kBot}, kNoon);
  pages.put();
  EXPECT_EQ(lines(ask({.metrics = "events,devices"})), Lines{"=1,1"});
  EXPECT_EQ(lines(ask({.metrics = "events,devices", .traffic = "bot"})), Lines{"=1,1"});
  EXPECT_EQ(lines(ask({.metrics = "events,devices", .traffic = "all"})), Lines{"=2,2"});
}

TEST_F(Query, CutsAtTopAndKeepsTheTotalsOfAll) {
  for (int i = 0; i < 10; ++i) {
    for (int n = 0; n <= i / 2; ++n)
      pages.add({.guid = "g" + std::to_string(i), .path = "/" + std::to_string(i)}, kNoon);
  }
  pages.put();
  const auto result = ask({.metrics = "events,devices", .by = "url", .top = "3"});
  EXPECT_EQ(lines(result), (Lines{"/8=5,1", "/9=5,1", "/6=4,1"})) << "equal ones by value";
  EXPECT_EQ(totals(result), "30,10");
  EXPECT_EQ(result.groups, 10U);
}

TEST_F(Query, ChoosesTheTopOverAllIntervals) {
  for (int i = 0; i < 5; ++i) pages.add({.path = "/steady"}, kNoon + std::chrono::hours{i});
  for (int i = 0; i < 3; ++i) pages.add({.path = "/burst"}, kNoon);
  pages.put();
  const auto result = ask({.metrics = "events", .by = "url", .interval = "hour", .top = "1"});
  EXPECT_EQ(result.rows.size(), 5U);
  EXPECT_EQ(lines(result)[0], "2015-05-17T12:00:00Z /steady=1");
}

TEST_F(Query, FillsIntervalsInWhichNothingHappened) {
  pages.add({.guid = "a"}, at("2015-05-17T01:20:00Z"));
  pages.add({.guid = "a"}, at("2015-05-17T04:59:00Z"));
  pages.put();
  const auto result = ask({.to = "2015-05-17T06:00:00Z", .metrics = "events,devices", .interval = "hour"});
  EXPECT_EQ(lines(result),
            (Lines{"2015-05-17T00:00:00Z =0,0", "2015-05-17T01:00:00Z =1,1", "2015-05-17T02:00:00Z =0,0",
                   "2015-05-17T03:00:00Z =0,0", "2015-05-17T04:00:00Z =1,1", "2015-05-17T05:00:00Z =0,0"}));
  EXPECT_EQ(totals(result), "2,1");
  EXPECT_EQ(result.series, (std::vector<std::optional<std::int64_t>>{0, 1, 0, 0, 1, 0}));
}

TEST_F(Query, DaysAreThoseOfTheTimeZone) {
  for (auto t = at("2015-03-06T00:00:00Z"); t < at("2015-03-11T00:00:00Z"); t += std::chrono::minutes{15})
    pages.add({}, t);
  pages.put();
  const auto days = [&](std::string zone) {
    return lines(
        ask({.from = "2015-03-07", .to = "2015-03-10", .metrics = "events", .interval = "day", .tz = std::move(zone)}));
  };
  EXPECT_EQ(days("America/New_York"),
            (Lines{"2015-03-07T00:00:00-05:00 =96", "2015-03-08T00:00:00-05:00 =92", "2015-03-09T00:00:00-04:00 =96"}));
  EXPECT_EQ(days("Australia/Eucla"),
            (Lines{"2015-03-07T00:00:00+08:45 =96", "2015-03-08T00:00:00+08:45 =96", "2015-03-09T00:00:00+08:45 =96"}));
}

/// Everything that can be asked, against a recount of the visits themselves.
TEST_F(Query, AgreesWithARecountOfTheVisits) {
  struct Seen {
    Visit visit;
    TimeMs time;
  };
  std::vector<Seen> seen;
  test::RandomVisits visits(3, 300, 60);
  pages.limits = {.chunk_bytes = 4_KiB};
  const auto start = at("2015-10-29T00:00:00Z");
  for (int i = 0; i < 6000; ++i) {
    auto visit = visits();
    if (visit.path.size() > 8192 || visit.path.find('\0') != std::string::npos) visit.path = "/";
    const auto time = start + std::chrono::minutes{visits.below(6 * 24 * 60)};
    pages.add(visit, time, SourceId{visits.below(3)});
    seen.push_back({visit, time});
    if (i % 1500 == 0) pages.put();
  }
  pages.put();
  for (const std::string zone_name : {"UTC", "Asia/Kolkata", "Australia/Eucla", "America/New_York"}) {
    for (const std::string interval : {"", "15min", "hour", "day", "week", "month"}) {
      for (const std::string by : {"total", "url", "country", "type", "url,country", "referrer_domain"}) {
        const auto result = ask({.from = "2015-10-30",
                                 .to = "2015-11-03",
                                 .metrics = "events,page_views,clicks,purchases,identified,devices,users",
                                 .by = by,
                                 .interval = interval,
                                 .tz = zone_name});
        const auto& request = result.request;
        std::map<std::string, std::array<std::int64_t, 5>> sums;
        std::map<std::string, std::array<std::set<std::string>, 2>> ids;
        for (const auto& [v, time] : seen) {
          const auto begin = Bucket::of(time).start();
          if (v.traffic != event::Traffic::kHuman || begin < request.from || begin >= request.to) continue;
          const auto country = v.country.empty() ? "--" : v.country;
          std::string key =
              request.interval ? request.zone.rfc3339(request.zone.floor(begin, *request.interval)) + " " : "";
          if ((by == "url" || by == "url,country") && v.path.empty()) continue;
          if (by == "referrer_domain" && v.referrer_domain.empty()) continue;
          if (by == "url") key += v.path;
          if (by == "country") key += country;
          if (by == "type") key += v.type;
          if (by == "url,country") key += v.path + "," + country;
          if (by == "referrer_domain") key += v.referrer_domain;
          auto& s = sums[key];
          ++s[0];
          s[1] += v.type == "page_view";
          s[2] += v.type == "click";
          s[3] += v.type == "purchase";
          s[4] += !v.customer.empty();
          if ((v.flags & event::kNoDevice) == 0) ids[key][0].insert(v.guid);
          ids[key][1].insert(v.customer.empty() ? v.guid : v.customer);
        }
        std::set<std::string> expected;
        for (const auto& [key, s] : sums) {
          std::string line = key + "=";
          for (const auto n : s) line += std::to_string(n) + ",";
          expected.insert(line + std::to_string(ids[key][0].size()) + "," + std::to_string(ids[key][1].size()));
        }
        std::set<std::string> got;
        for (const auto& line : lines(result)) {
          if (line.find("=0,0,0,0,0,0,0") == std::string::npos) got.insert(line);
        }
        ASSERT_EQ(got, expected) << zone_name << " " << interval << " by " << by;
      }
    }
  }
}

TEST_F(Query, ReadsOnlyTheCellsThatItNeedsWhereTheSourcesAreKnown) {
  pages.limits = {.chunk_bytes = 1_KiB};
  for (int i = 0; i < 500; ++i)
    pages.add({.path = "/" + std::to_string(i)}, kNoon, SourceId{static_cast<std::uint32_t>(i % 2)});
  pages.put();
  const std::vector<RequestWords> questions{
      {.by = "url"}, {.by = "total"}, {.by = "country", .where = {"url=/7"}}, {.by = "total", .where = {"url=/499"}}};
  for (const auto& words : questions) {
    options.freshness = nullptr;
    const auto all = ask(words);
    options.freshness = [] {
      return Freshness{TimeMs{},
                       {{SourceId{1}, "t", Partition{1}, {}, {}}},  // source 0 grows no more
                       {SourceId{0}, SourceId{1}}};
    };
    const auto few = ask(words);
    EXPECT_EQ(lines(all), lines(few));
    EXPECT_EQ(all.revision, few.revision);
    EXPECT_FALSE(few.rows.empty());
  }
}

TEST_F(Query, ItsRevisionChangesWithWhatIsStoredAndOnlyThen) {
  pages.add({}, kNoon);
  pages.put();
  const auto first = ask({}).revision;
  EXPECT_EQ(ask({}).revision, first);
  pages.add({}, kNoon);
  pages.put();
  EXPECT_NE(ask({}).revision, first);
}

TEST_F(Query, SaysHowToAskForLess) {
  for (int i = 0; i < 30; ++i) pages.add({.path = "/" + std::to_string(i)}, kNoon);
  pages.put();
  options.max_groups = 20;
  const auto urls = try_ask({.by = "url"});
  ASSERT_FALSE(urls);
  EXPECT_EQ(urls.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(urls.error().message.find("over 20 rows"), std::string::npos) << urls.error().message;
  EXPECT_NE(urls.error().message.find("--where"), std::string::npos);
  EXPECT_FALSE(try_ask({.interval = "hour"})) << "24 intervals";
  EXPECT_TRUE(try_ask({.by = "country"}));
  options.max_memory = 100_B;
  for (int i = 0; i < 300; ++i) pages.add({.guid = std::to_string(i)}, kNoon);
  pages.put();
  EXPECT_FALSE(try_ask({.metrics = "devices"}));
}

TEST_F(Query, PassesOnWhatTheStoreAndTheStateSay) {
  pages.add({}, kNoon);
  pages.put();
  store.faults().fail_next(FakeTableStore::Call::kScan, 1, ErrorCode::kUnavailable);
  const auto result = try_ask({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  options.freshness = []() -> Result<Freshness> { return fail(ErrorCode::kTimedOut, "state"); };
  EXPECT_EQ(try_ask({}).error().code, ErrorCode::kTimedOut);
}

TEST_F(Query, RefusesPagesThatAreBroken) {
  pages.add({}, kNoon);
  pages.put();
  const auto table = Names{}.rollups(Month{201505});
  auto row = store.peek_all(table).front();
  auto cell = row.cells.front();
  cell.value[cell.value.size() / 2] = static_cast<char>(cell.value[cell.value.size() / 2] ^ 1);
  const auto put = await<void>([&](auto done) {
    store.put(table, {{row.key, {{cell.family, cell.qualifier, cell.timestamp, cell.value}}}}, std::move(done));
  });
  ASSERT_TRUE(put);
  const auto result = try_ask({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(result.error().message.find("shop"), std::string::npos) << result.error().message;
}

/// An event with the fields that a test is about.
event::Accepted event_at(TimeMs time, std::vector<std::pair<event::Field, std::string_view>> fields) {
  event::Accepted e;
  e.time = e.record_time = time;
  e.text[event::Field::kType] = "page_view";
  e.text[event::Field::kGuid] = "g";
  for (const auto& [field, value] : fields) e.text[field] = value;
  return e;
}
using event::Field;

/// The part of an event in a session; its offset is given when it is added.
struct InSession {
  std::int8_t sessions = 0, bounces = 0, exits = 0, dwells = 0;
  std::int64_t dwell_ms = 0;
};
event::SessionChange part(InSession in) {
  return {Offset{}, Offset{}, in.sessions, in.bounces, in.exits, in.dwells, in.dwell_ms};
}

event::Accepted sale(TimeMs time, std::string_view minor, std::string_view currency, std::string_view product,
                     std::string_view quantity = "1") {
  return event_at(time, {{Field::kType, minor.starts_with('-') ? "refund" : "purchase"},
                         {Field::kRevenueMinor, minor},
                         {Field::kCurrency, currency},
                         {Field::kProductId, product},
                         {Field::kProductQuantity, quantity}});
}

TEST_F(Query, AddsUpMoneyByCurrency) {
  pages.add(sale(kNoon, "1250", "EUR", "a", "3"));
  pages.add(sale(kNoon + std::chrono::hours{1}, "1001", "EUR", "b"), {}, SourceId{2});
  pages.add(sale(kNoon, "-250", "EUR", "a"));
  pages.add(sale(kNoon, "300", "JPY", "c", "2"));
  pages.put();
  EXPECT_EQ(lines(ask({.metrics = "revenue,refunds,refund_events,orders,items,purchases,average_order_value"})),
            Lines{R"(={"EUR":"20.01","JPY":"300"},{"EUR":"2.50","JPY":"0"},1,3,6,3,{"EUR":"11.26","JPY":"300"})"})
      << "22.51 for two orders is 11.255 each";
  EXPECT_EQ(lines(ask({.metrics = "revenue,average_order_value,orders", .where = {"product=x"}})), Lines{"={},{},0"});
}

TEST_F(Query, AnOrderValueIsUndefinedWithoutOrders) {
  pages.add(sale(kNoon, "-250", "EUR", "a"));
  pages.put();
  EXPECT_EQ(lines(ask({.metrics = "revenue,average_order_value"})), Lines{R"(={"EUR":"-2.50"},{})"});
}

TEST_F(Query, RanksByTheRevenueInOneCurrency) {
  pages.add(sale(kNoon, "100", "EUR", "cheap"));
  pages.add(sale(kNoon, "900", "EUR", "dear"));
  pages.add(sale(kNoon, "-5", "EUR", "returned"));
  pages.add(event_at(kNoon, {{Field::kProductId, "looked_at"}}));
  pages.put();
  const auto one = ask({.metrics = "revenue", .by = "product"});
  EXPECT_EQ(lines(one), (Lines{R"(dear={"EUR":"9.00"})", R"(cheap={"EUR":"1.00"})", "looked_at={}",
                               R"(returned={"EUR":"-0.05"})"}));
  EXPECT_FALSE(one.ranks_one_of_several_currencies());

  pages.add(sale(kNoon, "5000", "USD", "abroad"));
  pages.add(sale(kNoon, "1", "USD", "cheap"));
  pages.put();
  const auto two = ask({.metrics = "revenue", .by = "product", .top = "2"});
  EXPECT_EQ(lines(two), (Lines{R"(dear={"EUR":"9.00"})", R"(cheap={"EUR":"1.00","USD":"0.01"})"}));
  EXPECT_TRUE(two.ranks_one_of_several_currencies());
  EXPECT_EQ(two.ranking_currency, "EUR");
}

TEST_F(Query, MakesRatesAndTimesOfSessions) {
  const auto visit = [&](std::string_view country, InSession in) {
    pages.add(event_at(kNoon, {{Field::kPath, "/"}, {Field::kCountry, country}}), part(in));
  };
  visit("DE", {.sessions = 1, .bounces = 1});
  visit("DE", {.sessions = 1, .dwells = 1, .dwell_ms = 1000});
  visit("DE", {.sessions = 1, .dwells = 1, .dwell_ms = 2001});
  visit("FR", {.sessions = 1});
  visit("IT", {.dwells = 1, .dwell_ms = 90'000});
  pages.put();
  const std::string metrics = "bounce_rate,sessions,bounces,avg_time_ms";
  EXPECT_EQ(lines(ask({.metrics = metrics})), Lines{"=0.2500,4,1,31000"});
  EXPECT_EQ(lines(ask({.metrics = metrics, .by = "country"})),
            (Lines{"DE=0.3333,3,1,1501", "FR=0.0000,1,0,null", "IT=null,0,0,90000"}))
      << "what is undefined comes last";
}

TEST_F(Query, GroupsAndFiltersByEveryDimensionOfOneField) {
  pages.add(event_at(kNoon, {{Field::kDeviceClass, "phone"},
                             {Field::kBrowser, "Firefox"},
                             {Field::kOs, "Android"},
                             {Field::kCampaign, "may"},
                             {Field::kChannel, "mail"},
                             {Field::kProductId, "p1"}}));
  pages.add(event_at(kNoon, {{Field::kDeviceClass, "desktop"},
                             {Field::kBrowser, "Chrome"},
                             {Field::kOs, "Linux"},
                             {Field::kCampaign, "june"},
                             {Field::kChannel, "direct"},
                             {Field::kProductId, "p0"}}));
  pages.put();
  const std::pair<std::string, Lines> rows[] = {{"device_class", {"desktop=1", "phone=1"}},
                                                {"device", {"desktop=1", "phone=1"}},
                                                {"browser", {"Chrome=1", "Firefox=1"}},
                                                {"os", {"Android=1", "Linux=1"}},
                                                {"campaign", {"june=1", "may=1"}},
                                                {"channel", {"direct=1", "mail=1"}},
                                                {"product", {"p0=1", "p1=1"}}};
  for (const auto& [by, expected] : rows) {
    EXPECT_EQ(lines(ask({.metrics = "events", .by = by})), expected) << by;
    const auto value = expected.front().substr(0, expected.front().find('='));
    EXPECT_EQ(lines(ask({.metrics = "events", .where = {by + "=" + value}})), Lines{"=1"}) << by;
  }
}

TEST_F(Query, FindsOneProductOrEntryPageInItsChunk) {
  pages.limits = {.chunk_bytes = 1_KiB};
  for (int i = 0; i < 300; ++i) {
    const auto name = std::to_string(i);
    pages.add(event_at(kNoon, {{Field::kProductId, name}, {Field::kPath, name}}), part({.sessions = 1}));
  }
  pages.put();
  for (const auto* name : {"0", "7", "299"}) {
    EXPECT_EQ(lines(ask({.metrics = "events", .where = {"product=" + std::string(name)}})), Lines{"=1"}) << name;
    EXPECT_EQ(lines(ask({.metrics = "sessions", .where = {"entry_page=" + std::string(name)}})), Lines{"=1"}) << name;
  }
}

TEST_F(Query, LeavesOutEntryPagesOnWhichNoSessionBeganAfterAll) {
  pages.add(event_at(kNoon, {{Field::kPath, "/moved"}}), part({.sessions = 1, .bounces = 1}));
  pages.add(event_at(kNoon, {{Field::kPath, "/moved"}}), part({.sessions = -1, .bounces = -1, .exits = 1}));
  pages.add(event_at(kNoon, {{Field::kPath, "/first"}}), part({.sessions = 1}));
  pages.put();
  const auto entries = ask({.by = "entry_page"});
  EXPECT_EQ(lines(entries), Lines{"/first=1,0,0.0000"});
  EXPECT_EQ(entries.groups, 1U);
  EXPECT_EQ(lines(ask({.by = "exit_page"})), Lines{"/moved=1"});
  EXPECT_EQ(lines(ask({.by = "entry_page", .interval = "day", .top = "5"})),
            Lines{"2015-05-17T00:00:00Z /first=1,0,0.0000"});
  EXPECT_EQ(lines(ask({.metrics = "clicks", .by = "url"})), (Lines{"/first=0", "/moved=0"}))
      << "a url that was seen has a row, whatever is asked about it";
}

TEST_F(Query, SaysWhichNumbersAreEstimates) {
  for (int i = 0; i < 400; ++i) pages.add({.guid = std::to_string(i), .customer = i < 100 ? "anna" : "bob"}, kNoon);
  pages.put();
  const auto result = ask({.metrics = "events,devices,customers,users"});
  EXPECT_EQ(result.estimated, std::vector<std::string>{"devices"});
  EXPECT_TRUE(result.totals.metrics[1].estimated);
  EXPECT_FALSE(result.totals.metrics[3].estimated) << "two are counted exactly";
  EXPECT_EQ(ask({.from = "2015-05-18", .to = "2015-05-19", .metrics = "devices"}).estimated.size(), 0U);
  EXPECT_EQ(ask({.from = "2015-05-18", .to = "2015-05-19", .metrics = "devices", .compare = "previous"}).estimated,
            std::vector<std::string>{"devices"});
}

TEST_F(Query, ComparesWithTheDaysBefore) {
  pages.add({.guid = "a", .path = "/both"}, kNoon);
  pages.add({.guid = "b", .path = "/both"}, kNoon);
  pages.add({.guid = "a", .path = "/new"}, kNoon);
  pages.add({.guid = "c", .path = "/both"}, kNoon - std::chrono::hours{24});
  pages.add({.guid = "c", .path = "/old"}, kNoon - std::chrono::hours{24});
  pages.add({.guid = "c", .path = "/older"}, kNoon - std::chrono::hours{48});
  pages.put();
  const auto result = ask({.metrics = "events,devices", .by = "url", .compare = "previous"});
  EXPECT_EQ(lines(result), (Lines{"/both=2,2 was 1,1", "/new=1,1 was 0,0", "/old=0,0 was 1,1"}));
  EXPECT_EQ(totals(result), "3,2");
  EXPECT_EQ(numbers(result, result.totals.previous), "2,1");
  EXPECT_EQ(result.groups, 3U);
  EXPECT_EQ(lines(ask({.metrics = "events", .by = "url", .top = "1", .compare = "previous"})), Lines{"/both=2 was 1"});
  EXPECT_EQ(lines(ask({.metrics = "events", .compare = "previous"})), Lines{"=3 was 2"});
  const auto alone = ask({.metrics = "events,devices", .by = "url"});
  EXPECT_NE(alone.revision, result.revision);
  EXPECT_TRUE(alone.rows.front().previous.empty());
}

TEST_F(Query, PutsWhatIsGoneBehindAllThatIsThere) {
  pages.add(sale(kNoon, "-5", "EUR", "returned"));
  pages.add(sale(kNoon - std::chrono::hours{24}, "900", "EUR", "gone"));
  pages.put();
  EXPECT_EQ(lines(ask({.metrics = "revenue", .by = "product", .compare = "previous"})),
            (Lines{R"(returned={"EUR":"-0.05"} was {})", R"(gone={} was {"EUR":"9.00"})"}));
}

TEST_F(Query, ComparesIntervalsAtTheSameLocalTime) {
  // New York's 8 March 2015 has no 02:00; an event in each hour of the 7th and the 8th.
  for (auto t = at("2015-03-07T05:00:00Z"); t < at("2015-03-09T04:00:00Z"); t += std::chrono::hours{1})
    pages.add({}, t);
  pages.put();
  const auto hours = ask({.from = "2015-03-08",
                          .to = "2015-03-09",
                          .metrics = "events",
                          .interval = "hour",
                          .tz = "America/New_York",
                          .compare = "previous"});
  ASSERT_EQ(hours.rows.size(), 23U);
  EXPECT_EQ(lines(hours)[1], "2015-03-08T01:00:00-05:00 =1 was 1");
  EXPECT_EQ(lines(hours)[2], "2015-03-08T03:00:00-04:00 =1 was 2") << "02:00 of the day before is shown with 03:00";
  EXPECT_EQ(lines(hours)[22], "2015-03-08T23:00:00-04:00 =1 was 1");
  EXPECT_EQ(numbers(hours, hours.totals.previous), "24");
}

TEST_F(Query, ComparesMonthsWithMonths) {
  for (auto t = at("2015-01-01T06:00:00Z"); t < at("2015-04-01T00:00:00Z"); t += std::chrono::hours{24})
    pages.add({.path = t < at("2015-02-01T00:00:00Z") ? "/january" : "/later"}, t);
  pages.put();
  const auto ask_months = [&](std::string from, std::string to, std::string interval, std::string by = "") {
    return lines(ask({.from = std::move(from),
                      .to = std::move(to),
                      .metrics = "events",
                      .by = std::move(by),
                      .interval = std::move(interval),
                      .compare = "previous"}));
  };
  EXPECT_EQ(ask_months("2015-02-01", "2015-03-01", ""), Lines{"=28 was 31"});
  EXPECT_EQ(ask_months("2015-02-01", "2015-03-01", "month"), Lines{"2015-02-01T00:00:00Z =28 was 31"});
  EXPECT_EQ(ask_months("2015-03-01", "2015-04-01", "month"), Lines{"2015-03-01T00:00:00Z =31 was 28"});
  EXPECT_EQ(ask_months("2015-02-01", "2015-03-01", "month", "url"),
            (Lines{"2015-02-01T00:00:00Z /later=28 was 0", "2015-02-01T00:00:00Z /january=0 was 31"}));
  const auto days = ask_months("2015-03-01", "2015-04-01", "day");
  ASSERT_EQ(days.size(), 31U);
  EXPECT_EQ(days[27], "2015-03-28T00:00:00Z =1 was 1");
  EXPECT_EQ(days[28], "2015-03-29T00:00:00Z =1 was 0") << "February has no 29th";
  const auto shorter = ask_months("2015-02-01", "2015-03-01", "day");
  ASSERT_EQ(shorter.size(), 28U) << "January's 29th to 31st stand beside no day";
  EXPECT_EQ(shorter[27], "2015-02-28T00:00:00Z =1 was 1");
}

TEST_F(Query, ComparesWeeksWithTheSameDaysBefore) {
  // From Monday the 4th; three weeks.
  for (auto t = at("2015-04-13T06:00:00Z"); t < at("2015-05-25T00:00:00Z"); t += std::chrono::hours{24})
    pages.add({}, t, SourceId{1});
  pages.add({}, at("2015-04-14T07:00:00Z"));
  pages.put();
  EXPECT_EQ(
      lines(ask(
          {.from = "2015-05-04", .to = "2015-05-25", .metrics = "events", .interval = "week", .compare = "previous"})),
      (Lines{"2015-05-04T00:00:00Z =7 was 8", "2015-05-11T00:00:00Z =7 was 7", "2015-05-18T00:00:00Z =7 was 7"}));
  // Ten days from a Wednesday: what is beside a week is the same days ten days earlier.
  EXPECT_EQ(
      lines(ask(
          {.from = "2015-05-06", .to = "2015-05-16", .metrics = "events", .interval = "week", .compare = "previous"})),
      (Lines{"2015-05-04T00:00:00Z =5 was 5", "2015-05-11T00:00:00Z =5 was 5"}));
}

TEST_F(Query, ComparedTimesShareTheLimits) {
  for (int i = 0; i < 15; ++i) {
    pages.add({.path = "/now" + std::to_string(i)}, kNoon);
    pages.add({.path = "/before" + std::to_string(i)}, kNoon - std::chrono::hours{24});
  }
  pages.put();
  options.max_groups = 20;
  EXPECT_TRUE(try_ask({.by = "url"}));
  EXPECT_FALSE(try_ask({.by = "url", .compare = "previous"}));
}

}  // namespace
}  // namespace guidepost::query
