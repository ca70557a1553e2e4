#include "query/event_diff.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/time.hpp"
#include "guidepost/event/event_row.hpp"
#include "support/accepted_stream.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::query {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::accepted;
using test::FakeTableStore;
using test::Visit;
using Lines = std::vector<std::string>;
using Kind = EventDifference::Kind;

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }
const TimeMs kNoon = at("2015-05-17T12:00:00Z");

/// An event row to be: where it is, and what the test is about.
struct Stored {
  std::int64_t offset = 0;
  TimeMs time = kNoon;
  Visit visit = {};
  std::string changes = {};
  std::optional<TimeMs> received = {};
  std::string merchant = "shop";
};

class EventDiffTest : public testing::Test {
 protected:
  FakeTableStore store;
  const Names a{.prefix = "t."};
  const Names b{.prefix = "t.", .version = 2};
  DiffOptions options;
  std::map<SourceId, Offset> decided{{SourceId{1}, Offset{1'000'000}}};

  void add(const Names& names, const Stored& stored) {
    auto event = accepted(stored.visit, Offset{stored.offset}, stored.time);
    event.record_time = stored.received.value_or(stored.time);
    event.text[event::Field::kMerchant] = stored.merchant;
    const auto id = "e" + std::to_string(stored.offset);
    event.text[event::Field::kEventId] = id;
    const auto table = names.events(Month::of(event.record_time));
    store.make_table(table, {event::kEventFamilies.begin(), event::kEventFamilies.end()});
    put(table, event::event_row(SourceId{1}, event, stored.changes));
  }
  void add(const Stored& stored) {
    add(a, stored);
    add(b, stored);
  }
  void put(const std::string& table, RowPut row) {
    const auto done = await<void>([&](auto then) { store.put(table, {std::move(row)}, std::move(then)); });
    ASSERT_TRUE(done) << done.error().message;
  }
  Result<EventDiff> try_diff() { return diff_events({store, a, b}, decided, options); }
  EventDiff diff() {
    auto found = try_diff();
    if (!found) throw std::runtime_error(found.error().message);
    return std::move(*found);
  }
  /// `- e5` is only in A, `+ e5` only in B; `~ e5 column a>b ... session sessions,bounces,exits,dwells,ms` changed.
  static Lines lines(const EventDiff& diff) {
    Lines lines;
    for (const auto& e : diff.events) {
      std::string line = e.kind == Kind::kOnlyA ? "- " : e.kind == Kind::kOnlyB ? "+ " : "~ ";
      line += (e.merchant == "shop" ? "" : e.merchant + " ") + e.event_id;
      EXPECT_EQ(e.event_id, e.event_id.empty() ? "" : "e" + std::to_string(e.offset.value));
      for (const auto& c : e.columns)
        line += fmt::format(" {}:{} {}>{}", c.family, c.qualifier, c.a.value_or("none"), c.b.value_or("none"));
      const auto& s = e.session;
      if (s != SessionDifference{})
        line += fmt::format(" session {},{},{},{},{}", s.sessions, s.bounces, s.exits, s.dwells, s.dwell_ms);
      lines.push_back(line);
    }
    return lines;
  }
};

TEST_F(EventDiffTest, IsEmptyWhereNothingIsStored) { EXPECT_FALSE(diff().differs()); }

TEST_F(EventDiffTest, FindsNothingBetweenEqualVersions) {
  for (int i = 0; i < 1000; ++i)
    add({i, kNoon + minutes{i % 700}, {.guid = "g" + std::to_string(i % 37)}, "self +session +bounce +exit"});
  const auto found = diff();
  EXPECT_EQ(lines(found), Lines{});
  EXPECT_FALSE(found.differs());
  EXPECT_EQ(found.compared, 1000U);
}

TEST_F(EventDiffTest, NamesWhatIsInOneOnlyAndWhichColumnsDiffer) {
  add({1, kNoon});
  add(a, {2, kNoon + minutes{1}});
  add(b, {3, kNoon + minutes{2}});
  add(a, {4, kNoon + minutes{3}, {.country = "DE", .referrer_domain = "x.org"}});
  add(b, {4, kNoon + minutes{3}, {.customer = "anna", .country = "AT"}});
  add(a, {5, kNoon + minutes{4}, {}, "self +session"});
  const auto found = diff();
  EXPECT_EQ(lines(found), (Lines{"- e2", "+ e3",
                                 "~ e4 click_data:referrer_domain x.org>none geo_data:country DE>AT identity:customer "
                                 "none>anna identity:resolved_by none>map",
                                 "- e5"}));
  EXPECT_EQ(std::tuple(found.only_a, found.only_b, found.changed, found.compared), std::tuple(2U, 1U, 1U, 5U));
}

TEST_F(EventDiffTest, IsInTheOrderOfTimeOverDevicesMonthsAndMerchants) {
  Lines expected;
  for (int i = 0; i < 300; ++i) {  // more than a page, of all salts
    add(b, {i,
            kNoon + minutes{i},
            {.guid = "g" + std::to_string(i)},
            {},
            i % 3 == 0 ? at("2015-06-01T00:00:00Z") : kNoon});
    expected.push_back("+ e" + std::to_string(i));
  }
  add(a, {900, kNoon, {}, {}, {}, "a"});
  expected.insert(expected.begin(), "- a e900");
  options.limit = 1000;
  EXPECT_EQ(lines(diff()), expected);
}

TEST_F(EventDiffTest, TakesAnEventOfAnotherDeviceForTheSameEvent) {
  // Of another salt: the row has another key.
  ASSERT_NE(event::event_salt("shop", "g1"), event::event_salt("shop", "g2"));
  add(a, {1, kNoon, {.guid = "g1"}});
  add(b, {1, kNoon, {.guid = "g2"}});
  EXPECT_EQ(lines(diff()), Lines{"~ e1 identity:guid g1>g2"});
}

TEST_F(EventDiffTest, PassesOverWhenCellsWereWritten) {
  add(a, {1, kNoon});
  add(b, {1, kNoon, {}, {}, kNoon + minutes{1}});
  EXPECT_FALSE(diff().differs());
}

TEST_F(EventDiffTest, AddsUpWhatChangedOfASession) {
  // In A the second joins the session of the first, in B it begins one.
  add({1, kNoon, {}, "self +session +bounce +exit"});
  add(a, {2, kNoon + minutes{10}, {}, fmt::format("1@{} -bounce -exit +dwell ms=600000; self +exit", unix_ms(kNoon))});
  add(b, {2, kNoon + minutes{10}, {}, "self +session +bounce +exit"});
  EXPECT_EQ(lines(diff()), (Lines{"~ e1 session 0,1,1,-1,-600000", "~ e2 session 1,1,0,0,0"}));
}

TEST_F(EventDiffTest, FindsNothingWhereOtherEventsChangedTheSameInAll) {
  const auto first = fmt::format("1@{}", unix_ms(kNoon));
  add(a, {1, kNoon, {}, "self +session +bounce +exit"});
  add(b, {1, kNoon, {}, "self +session"});
  add(a, {2, kNoon + minutes{10}, {}, first + " -bounce; self +exit"});
  add(b, {2, kNoon + minutes{10}, {}, first + " +exit; self +exit"});
  const auto found = diff();
  EXPECT_EQ(lines(found), Lines{});
  EXPECT_EQ(found.changed, 0U);
}

TEST_F(EventDiffTest, NamesAnEventThatALateOneChanged) {
  // e9 came after the others, and is before, between and after them in time; only A has it.
  add({1, kNoon, {}, "self +session +bounce +exit"});
  add({2, kNoon + minutes{20}, {}, "self +session +bounce +exit"});
  add(a, {9,
          kNoon + minutes{10},
          {},
          fmt::format("1@{} -bounce -exit; 2@{} -session -bounce", unix_ms(kNoon), unix_ms(kNoon + minutes{20})),
          at("2015-06-01T00:00:00Z")});
  const auto found = diff();
  EXPECT_EQ(lines(found), (Lines{"~ e1 session 0,1,1,0,0", "- e9", "~ e2 session 1,1,0,0,0"}));
  EXPECT_EQ(found.events[0].type, "page_view");
  EXPECT_EQ(found.events[0].guid, "g");
}

TEST_F(EventDiffTest, CountsWhatTheLimitCutsOffAndListsTheFirst) {
  add({1, kNoon, {}, "self +session"});
  for (int i = 2; i < 50; ++i) add(b, {i, kNoon + minutes{i}});
  add(a, {60, kNoon + hours{3}, {}, fmt::format("1@{} -session", unix_ms(kNoon))});
  options.limit = 3;
  auto found = diff();
  EXPECT_EQ(lines(found), (Lines{"~ e1 session 1,0,0,0,0", "+ e2", "+ e3"}));
  EXPECT_EQ(std::tuple(found.only_a, found.only_b, found.changed), std::tuple(1U, 48U, 1U));
  options.limit = 0;
  found = diff();
  EXPECT_TRUE(found.events.empty());
  EXPECT_EQ(found.differing(), 50U);
}

TEST_F(EventDiffTest, LooksAtWhatIsAskedForOnly) {
  add({1, kNoon, {}, "self +session"});
  add(b, {2, kNoon + minutes{10}, {}, fmt::format("1@{} +exit", unix_ms(kNoon))});
  add(b, {3, kNoon, {}, {}, {}, "zoo"});
  options.merchant = "shop";
  options.to = kNoon + minutes{10};
  auto found = diff();
  EXPECT_EQ(lines(found), Lines{"~ e1 session 0,0,1,0,0"}) << "what changed it is outside";
  EXPECT_EQ(found.compared, 1U);
  options.from = options.to;
  options.to = kLastTime;
  EXPECT_EQ(lines(diff()), Lines{"+ e2"});
  options.merchant = "zoo";
  options.from = kFirstTime;
  EXPECT_EQ(lines(diff()), Lines{"+ zoo e3"});
}

TEST_F(EventDiffTest, PassesOverWhatOnlyOneVersionIsFarEnoughFor) {
  add({1, kNoon, {}, "self +session"});
  add(a, {2, kNoon + minutes{1}, {}, fmt::format("1@{} -session", unix_ms(kNoon))});
  decided[SourceId{1}] = Offset{2};
  auto found = diff();
  EXPECT_FALSE(found.differs());
  EXPECT_EQ(std::pair(found.compared, found.newer), std::pair(std::uint64_t{1}, std::uint64_t{1}));
  decided[SourceId{1}] = Offset{3};
  EXPECT_EQ(lines(diff()), (Lines{"~ e1 session 1,0,0,0,0", "- e2"}));
  decided.clear();
  EXPECT_EQ(diff().newer, 2U);
}

TEST_F(EventDiffTest, RefusesWhatItCannotHoldAndSaysHowToAskForLess) {
  for (int i = 0; i < 20; ++i) add(b, {i, kNoon + minutes{i}, {}, "self +session"});
  options.max_pending = 20;
  EXPECT_TRUE(try_diff());
  options.max_pending = 10;
  const auto found = try_diff();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(found.error().message.find("--from/--to"), std::string::npos);
  options.to = kNoon + minutes{10};
  EXPECT_TRUE(try_diff());
}

TEST_F(EventDiffTest, HoldsNoMoreThanADay) {
  for (int i = 0; i < 100; ++i) add(b, {i, kNoon + hours{i}, {}, "self +session"});
  options.max_pending = 25;
  EXPECT_EQ(diff().only_b, 100U);
}

TEST_F(EventDiffTest, RefusesRowsThatAreNone) {
  add({1, kNoon, {}, "self +nonsense"});
  EXPECT_FALSE(diff().differs()) << "they are equal";
  add(b, {1, kNoon, {}, "self +other nonsense"});
  const auto found = try_diff();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
}

TEST_F(EventDiffTest, StopsWhenItIsCancelled) {
  std::stop_source stop;
  options.cancelled = stop.get_token();
  stop.request_stop();
  add({1});
  const auto found = try_diff();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace guidepost::query
