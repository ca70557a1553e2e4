#include "query/number_diff.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "base/time.hpp"
#include "support/stored_pages.hpp"

namespace guidepost::query {
namespace {

using std::chrono::hours;
using test::FakeTableStore;
using test::StoredPages;
using test::Visit;
using Lines = std::vector<std::string>;

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }
const TimeMs kNoon = at("2015-05-17T12:00:00Z");

class NumberDiffTest : public testing::Test {
 protected:
  FakeTableStore store;
  StoredPages a{store, Names{.prefix = "t."}};
  StoredPages b{store, Names{.prefix = "t.", .version = 2}};
  DiffOptions options;

  Result<NumberDiff> try_diff() {
    a.put();
    b.put();
    const VersionPair versions{store, {.prefix = "t."}, {.prefix = "t.", .version = 2}};
    return diff_numbers(versions, {SourceId{1}, SourceId{2}}, options);
  }
  NumberDiff diff() {
    auto found = try_diff();
    if (!found) throw std::runtime_error(found.error().message);
    return std::move(*found);
  }
  static std::string line(const NumberPair& n) {
    return fmt::format("{}{} {} {}", n.measure, n.currency.empty() ? "" : " " + n.currency, n.a, n.b);
  }
  /// `merchant day traffic measure a b` each.
  static Lines lines(const NumberDiff& diff) {
    Lines lines;
    for (const auto& row : diff.rows) {
      lines.push_back(fmt::format("{} {} {} {}{}", row.merchant, text::rfc3339(row.day).substr(0, 10),
                                  event::to_string(row.traffic), row.estimated ? "~" : "", line(row.number)));
    }
    return lines;
  }
  static Lines totals(const NumberDiff& diff) {
    Lines lines;
    for (const auto& total : diff.totals) lines.push_back(line(total));
    return lines;
  }
  /// An event of both versions.
  void add(const Visit& visit, TimeMs time, SourceId source = SourceId{1}, const std::string& merchant = "shop") {
    a.add(visit, time, source, merchant);
    b.add(visit, time, source, merchant);
  }
  static event::Accepted sale(TimeMs time, std::string_view minor, std::string_view currency = "EUR") {
    static const Visit visit{.type = "purchase"};
    auto event = test::accepted(visit, Offset{0}, time);
    event.text[event::Field::kRevenueMinor] = minor;
    event.text[event::Field::kCurrency] = currency;
    return event;
  }
};

TEST_F(NumberDiffTest, IsEmptyWhereNothingIsStored) {
  const auto found = diff();
  EXPECT_FALSE(found.differs());
  EXPECT_EQ(found.compared, 0U);
}

TEST_F(NumberDiffTest, FindsNothingBetweenEqualVersions) {
  for (int i = 0; i < 40; ++i) add({.guid = "g" + std::to_string(i)}, kNoon + hours{i}, SourceId{1 + i % 2U});
  add({.traffic = event::Traffic::kBot}, kNoon);
  add({}, kNoon, SourceId{1}, "zoo");
  const auto found = diff();
  EXPECT_EQ(lines(found), Lines{});
  EXPECT_EQ(found.differing, 0U);
  EXPECT_EQ(found.merchants, 2U);
  EXPECT_EQ(found.days, 4U) << "three of shop, one of zoo";
  EXPECT_EQ(totals(found), (Lines{"events 42 42", "page_views 42 42"}));
}

TEST_F(NumberDiffTest, ListsWhatDiffersTheLargestFirst) {
  add({.guid = "a"}, kNoon);
  for (int i = 0; i < 3; ++i) b.add({.type = "click", .guid = "a"}, kNoon);  // A has none of them
  a.add({.type = "search", .guid = "b"}, kNoon + hours{24});
  EXPECT_EQ(lines(diff()), (Lines{"shop 2015-05-17 human clicks 0 3", "shop 2015-05-17 human events 1 4",
                                  "shop 2015-05-18 human devices 1 0", "shop 2015-05-18 human events 1 0",
                                  "shop 2015-05-18 human users 1 0"}));
}

TEST_F(NumberDiffTest, CountsWhatTheLimitCutsOff) {
  for (int i = 0; i < 5; ++i) b.add({.type = "search"}, kNoon + hours{24 * i});
  b.add({.type = "search"}, kNoon);
  options.limit = 1;
  const auto found = diff();
  EXPECT_EQ(lines(found), Lines{"shop 2015-05-17 human events 0 2"});
  EXPECT_EQ(found.differing, 15U) << "events, devices and users of five days";
  EXPECT_EQ(totals(found), Lines{"events 0 6"});
  options.limit = 0;
  EXPECT_EQ(diff().differing, 15U);
}

TEST_F(NumberDiffTest, ShowsADayAndAMonthThatOneVersionLacks) {
  add({}, kNoon);
  a.add({}, at("2015-06-01T00:00:00Z"));
  const auto found = diff();
  ASSERT_EQ(found.rows.size(), 4U);
  for (const auto& row : found.rows) EXPECT_EQ(row.day, at("2015-06-01T00:00:00Z"));
  EXPECT_EQ(lines(found).back(), "shop 2015-06-01 human users 1 0");
}

TEST_F(NumberDiffTest, KeepsKindsOfTrafficApart) {
  a.add({.type = "search"}, kNoon);
  b.add({.type = "search", .traffic = event::Traffic::kBot}, kNoon);
  options.limit = 2;
  const auto found = diff();
  EXPECT_EQ(lines(found), (Lines{"shop 2015-05-17 human devices 1 0", "shop 2015-05-17 human events 1 0"}));
  EXPECT_EQ(found.differing, 6U);
  EXPECT_EQ(totals(found), Lines{"events 1 1"}) << "in all there are as many";
}

TEST_F(NumberDiffTest, ComparesMoneyByCurrencyAndRanksItInFullUnits) {
  a.add(sale(kNoon, "1000"));
  b.add(sale(kNoon, "1250"));
  a.add(sale(kNoon, "-300"));
  b.add(sale(kNoon, "-300"));
  b.add(sale(kNoon, "4", "JPY"));
  const auto found = diff();
  // 4 JPY are more than 2.50 EUR, for nobody knows what they are worth.
  EXPECT_EQ(lines(found), (Lines{"shop 2015-05-17 human revenue JPY 0 4", "shop 2015-05-17 human revenue EUR 700 950",
                                 "shop 2015-05-17 human events 2 3", "shop 2015-05-17 human orders 1 2",
                                 "shop 2015-05-17 human purchases 2 3"}));
}

TEST_F(NumberDiffTest, ComparesWhatSessionsAddUpTo) {
  static const Visit visit;
  const auto event = test::accepted(visit, Offset{0}, kNoon);
  a.add(event, event::SessionChange{.cause = {}, .subject = {}, .sessions = 1, .bounces = 1, .exits = 1});
  b.add(event, event::SessionChange{.cause = {}, .subject = {}, .sessions = 1, .dwells = 1, .dwell_ms = 500});
  EXPECT_EQ(lines(diff()), (Lines{"shop 2015-05-17 human bounces 1 0", "shop 2015-05-17 human dwells 0 1",
                                  "shop 2015-05-17 human dwell_ms 0 500"}))
      << "half a second is less than one of anything";
}

TEST_F(NumberDiffTest, MarksEstimates) {
  for (int i = 0; i < 300; ++i) a.add({.type = "search", .guid = "g" + std::to_string(i)}, kNoon);
  for (int i = 0; i < 300; ++i) b.add({.type = "search", .guid = "g" + std::to_string(i % 100)}, kNoon);
  const auto found = diff();
  ASSERT_EQ(found.rows.size(), 2U);
  EXPECT_TRUE(found.rows[0].estimated);
  EXPECT_NEAR(static_cast<double>(found.rows[0].number.a), 300, 15);
  EXPECT_EQ(found.rows[0].number.b, 100);
}

TEST_F(NumberDiffTest, LooksAtWhatIsAskedForOnly) {
  b.add({.type = "search"}, kNoon);
  b.add({.type = "search"}, kNoon + hours{24});
  b.add({.type = "search"}, kNoon + hours{24}, SourceId{1}, "zoo");
  options.limit = 1;
  options.merchant = "zoo";
  EXPECT_EQ(lines(diff()), Lines{"zoo 2015-05-18 human devices 0 1"});
  options.merchant = "shop";
  options.to = kNoon + hours{1};
  EXPECT_EQ(lines(diff()), Lines{"shop 2015-05-17 human devices 0 1"});
  options.from = options.to;
  options.to = kLastTime;
  EXPECT_EQ(lines(diff()), Lines{"shop 2015-05-18 human devices 0 1"});
}

TEST_F(NumberDiffTest, StopsWhenItIsCancelled) {
  std::stop_source stop;
  options.cancelled = stop.get_token();
  add({}, kNoon);
  EXPECT_TRUE(try_diff());
  stop.request_stop();
  const auto found = try_diff();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCancelled);
}

TEST_F(NumberDiffTest, FailsWhereTheStoreDoes) {
  add({}, kNoon);
  store.make_table("t.rollups_v1_201505", {"p"});
  const auto put = await<void>([&](auto done) {
    store.put("t.rollups_v1_201505",
              {{rollup::page_row("shop", rollup::Span::kBucket, Bucket::of(kNoon + hours{1})),
                {{"p", rollup::page_qualifier({0, 0}, SourceId{1}), 7, "no page"}}}},
              std::move(done));
  });
  ASSERT_TRUE(put);
  const auto found = try_diff();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace guidepost::query
