#include "query/journey.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/time.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/index_row.hpp"
#include "support/accepted_stream.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::query {
namespace {

using std::chrono::minutes;
using test::accepted;
using test::FakeTableStore;
using test::Visit;
using Lines = std::vector<std::string>;

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }
const TimeMs kNoon = at("2015-05-17T12:00:00Z");

class JourneyTest : public testing::Test {
 protected:
  FakeTableStore store;
  Names names;
  JourneyOptions options;
  std::int64_t next = 0;

  /// Stored as aggregate stores it; the offsets are 0, 1, 2, ...
  void add(const Visit& visit, TimeMs time, std::optional<TimeMs> received = {}, SourceId source = SourceId{1}) {
    auto event = accepted(visit, Offset{next++}, time);
    event.record_time = received.value_or(time);
    const auto month = Month::of(event.record_time);
    put_index(month, event::event_index_row(source, event));
    const bool device = (event.flags & event::kNoDevice) == 0;
    if (!visit.customer.empty() && device) put_index(month, event::device_index_row(event));
    store.make_table(names.events(month), {event::kEventFamilies.begin(), event::kEventFamilies.end()});
    put(names.events(month), event::event_row(source, event));
  }
  void put_index(Month month, RowPut row) {
    store.make_table(names.index(month), {std::string(event::kIndexFamily)});
    put(names.index(month), std::move(row));
  }
  void put(const std::string& table, RowPut row) {
    const auto done = await<void>([&](auto then) { store.put(table, {std::move(row)}, std::move(then)); });
    ASSERT_TRUE(done) << done.error().message;
  }
  /// In the index, and nowhere else.
  void add_missing(std::string_view guid, TimeMs time) {
    const Visit visit{.guid = std::string(guid)};  // the event has views of it
    const auto event = accepted(visit, Offset{next++}, time);
    put_index(Month::of(time), event::event_index_row(SourceId{1}, event));
  }

  Result<Journey> try_journey(JourneyWords words, std::size_t limit = 1000) {
    if (words.merchant.empty()) words.merchant = "shop";
    auto request = parse_journey(words);
    if (!request) return tl::unexpected(request.error());
    request->limit = limit;
    return run_journey(*request, store, names, options);
  }
  Journey journey(JourneyWords words, std::size_t limit = 1000) {
    auto found = try_journey(std::move(words), limit);
    if (!found) throw std::runtime_error(found.error().message);
    return std::move(*found);
  }
  static std::string refusal(const Result<Journey>& result) {
    return result ? "none" : result.error().code == ErrorCode::kInvalidArgument ? result.error().message : "another";
  }
  /// `offset guid path session` each.
  static Lines events(const Journey& journey) {
    Lines lines;
    for (const auto& e : journey.events)
      lines.push_back(
          fmt::format("{} {} {} {}", e.offset.value, e.guid, e.path, e.session ? std::to_string(*e.session) : "-"));
    return lines;
  }
  /// `guid minutes-after-noon+duration events views entry exit` each, `~` where it is not whole.
  static Lines sessions(const Journey& journey) {
    Lines lines;
    for (const auto& s : journey.sessions)
      lines.push_back(fmt::format("{} {}+{} {} {} {} {}{}", s.guid, (s.start - kNoon) / minutes{1},
                                  (s.end - s.start) / minutes{1}, s.events, s.page_views, s.entry, s.exit,
                                  s.complete ? "" : " ~"));
    return lines;
  }
};

TEST_F(JourneyTest, IsEmptyWhereNothingIsStored) {
  EXPECT_TRUE(journey({.guid = "a"}).events.empty());
  add({.guid = "b"}, kNoon);
  EXPECT_TRUE(journey({.guid = "a"}).events.empty());
  EXPECT_TRUE(journey({.customer = "a"}).events.empty());
  EXPECT_TRUE(journey({.merchant = "other", .guid = "b"}).events.empty());
}

TEST_F(JourneyTest, ShowsADevicesEventsInTheOrderOfTheirTimes) {
  add({.guid = "a", .path = "/2"}, kNoon + minutes{2});
  add({.guid = "b", .path = "/b"}, kNoon + minutes{2});
  add({.guid = "a", .path = "/1"}, kNoon + minutes{1});
  add({.guid = "a", .path = "/2 too"}, kNoon + minutes{2});
  add({.guid = "a", .path = "/2 of another source"}, kNoon + minutes{2}, {}, SourceId{0});
  add({.guid = "a", .path = "/late"}, kNoon + minutes{3}, at("2015-06-03T00:00:00Z"));
  EXPECT_EQ(events(journey({.guid = "a"})),
            (Lines{"2 a /1 0", "4 a /2 of another source 0", "0 a /2 0", "3 a /2 too 0", "5 a /late 0"}));
}

TEST_F(JourneyTest, SaysWhatAnEventSays) {
  add({.type = "purchase", .guid = "a", .customer = "anna", .path = "/x", .country = "US"}, kNoon, kNoon + minutes{1});
  const auto found = journey({.guid = "a"});
  ASSERT_EQ(found.events.size(), 1U);
  const auto& event = found.events[0];
  EXPECT_EQ(event.type + event.customer + event.path + event.country, "purchaseanna/xUS");
  EXPECT_EQ(event.resolved_by, event::ResolvedBy::kMap);
  EXPECT_EQ(event.record_time, kNoon + minutes{1});
  EXPECT_EQ(event.source, SourceId{1});
  EXPECT_TRUE(event.device);
}

TEST_F(JourneyTest, ASessionEndsWhereTheDevicePausesForLongerThanTheGap) {
  add({.guid = "a", .path = "/1"}, kNoon);
  add({.type = "click", .guid = "a", .path = "/1"}, kNoon + minutes{30});
  add({.guid = "b", .path = "/b"}, kNoon + minutes{45});  // another device bridges nothing
  add({.guid = "a", .path = "/2"}, kNoon + minutes{60} + std::chrono::milliseconds{1});
  EXPECT_EQ(sessions(journey({.guid = "a"})), (Lines{"a 0+30 2 1 /1 /1", "a 60+0 1 1 /2 /2"}));
}

TEST_F(JourneyTest, ARangeTakesFromButNotToAndSaysWhichSessionsItCuts) {
  for (int i = 0; i < 5; ++i) add({.guid = "a", .path = fmt::format("/{}", i)}, kNoon + minutes{20 * i});
  add({.guid = "a", .path = "/5"}, kNoon + minutes{140});
  EXPECT_EQ(sessions(journey({.guid = "a"})), (Lines{"a 0+80 5 5 /0 /4", "a 140+0 1 1 /5 /5"}));
  const auto cut = journey({.guid = "a", .from = "2015-05-17T12:20:00Z", .to = "2015-05-17T13:00:00Z"});
  EXPECT_EQ(events(cut), (Lines{"1 a /1 0", "2 a /2 0"}));
  EXPECT_EQ(sessions(cut), Lines{"a 20+20 2 2 /1 /2 ~"});
  const auto whole = journey({.guid = "a", .from = "2015-05-17T12:00:00Z", .to = "2015-05-17T13:20:00.001Z"});
  EXPECT_EQ(sessions(whole), Lines{"a 0+80 5 5 /0 /4"});
  EXPECT_EQ(events(journey({.guid = "a", .from = "2015-05-18"})), Lines{});
  EXPECT_EQ(events(journey({.guid = "a", .from = "2015-05-17", .to = "2015-05-18", .tz = "Pacific/Auckland"})),
            (Lines{}));
}

TEST_F(JourneyTest, ACustomersJourneyIsThatOfAllDevicesEachWithItsSessions) {
  add({.guid = "phone", .customer = "anna", .path = "/p1"}, kNoon);
  add({.guid = "desk", .customer = "anna", .path = "/d1"}, kNoon + minutes{20});
  add({.guid = "phone", .customer = "anna", .path = "/p2"}, kNoon + minutes{40});
  add({.guid = "other", .customer = "bert", .path = "/o"}, kNoon + minutes{41});
  add({.type = "call", .guid = "c:anna", .customer = "anna", .path = "/c", .flags = event::kNoDevice},
      kNoon + minutes{42});
  add({.guid = "desk", .customer = "anna", .path = "/d2"}, kNoon + minutes{45});
  const auto found = journey({.customer = "anna"});
  EXPECT_EQ(events(found), (Lines{"0 phone /p1 0", "1 desk /d1 1", "2 phone /p2 2", "4 c:anna /c -", "5 desk /d2 1"}));
  EXPECT_EQ(sessions(found), (Lines{"phone 0+0 1 1 /p1 /p1", "desk 20+25 2 2 /d1 /d2", "phone 40+0 1 1 /p2 /p2"}));
  EXPECT_FALSE(found.events[3].device);
}

TEST_F(JourneyTest, EventsWithoutADeviceAreTheirCustomersAlsoWhereNothingIsResolved) {
  add({.guid = "c:anna", .flags = event::kNoDevice}, kNoon);
  add({.guid = "c:anna"}, kNoon);  // a device that is called so
  EXPECT_EQ(events(journey({.customer = "anna"})), Lines{"0 c:anna / -"});
}

TEST_F(JourneyTest, ADeviceThatChangesHandsIsInBothJourneysWithItsPart) {
  add({.guid = "a", .path = "/0"}, kNoon);
  add({.guid = "a", .customer = "anna", .path = "/1"}, kNoon + minutes{10});
  add({.guid = "a", .customer = "bert", .path = "/2"}, kNoon + minutes{20});
  add({.guid = "a", .customer = "anna", .path = "/3"}, kNoon + minutes{45});
  add({.guid = "a", .customer = "bert", .path = "/4"}, kNoon + minutes{100});
  const auto anna = journey({.customer = "anna"});
  EXPECT_EQ(events(anna), (Lines{"1 a /1 0", "3 a /3 0"}));
  EXPECT_EQ(sessions(anna), Lines{"a 10+35 2 2 /1 /3 ~"}) << "35 minutes apart, but the device did not pause";
  const auto bert = journey({.customer = "bert"});
  EXPECT_EQ(events(bert), (Lines{"2 a /2 0", "4 a /4 1"}));
  EXPECT_EQ(sessions(bert), (Lines{"a 20+0 1 1 /2 /2 ~", "a 100+0 1 1 /4 /4"}));
  EXPECT_EQ(sessions(journey({.guid = "a"})), (Lines{"a 0+45 4 4 /0 /3", "a 100+0 1 1 /4 /4"}));
}

TEST_F(JourneyTest, ShowsTheNewestUpToTheLimitAndSaysThatThereAreMore) {
  for (int i = 0; i < 25; ++i) {
    add({.guid = "a", .customer = i % 2 == 0 ? "anna" : "bert", .path = fmt::format("/{}", i)}, kNoon + minutes{i});
  }
  for (const auto batch : {1U, 2U, 3U, 500U}) {
    options.batch = batch;
    const auto two = journey({.guid = "a"}, 2);
    EXPECT_EQ(events(two), (Lines{"23 a /23 0", "24 a /24 0"}));
    EXPECT_EQ(sessions(two), Lines{"a 23+1 2 2 /23 /24 ~"});
    EXPECT_TRUE(two.more);
    EXPECT_FALSE(journey({.guid = "a"}, 25).more);
    EXPECT_TRUE(journey({.guid = "a"}, 24).more);
    const auto anna = journey({.customer = "anna"}, 2);
    EXPECT_EQ(events(anna), (Lines{"22 a /22 0", "24 a /24 0"}));
    EXPECT_TRUE(anna.more);
    const auto all = journey({.customer = "anna"}, 13);
    EXPECT_EQ(all.events.size(), 13U);
    EXPECT_FALSE(all.more) << "what is older is bert's";
  }
}

TEST_F(JourneyTest, RefusesWhatIsTooMuchToLookThrough) {
  for (int i = 0; i < 4; ++i) add({.guid = fmt::format("g{}", i % 2), .customer = "anna"}, kNoon + minutes{i});
  options.max_events = 3;
  EXPECT_NE(refusal(try_journey({.customer = "anna"})).find("--from, --to: there are over 3 events"),
            std::string::npos);
  EXPECT_TRUE(try_journey({.guid = "g0"}));
  options.max_devices = 1;
  EXPECT_NE(refusal(try_journey({.customer = "anna"})).find("over 1 devices"), std::string::npos);
}

TEST_F(JourneyTest, NamesEventsThatAreInTheIndexAlone) {
  add({.guid = "a", .path = "/0"}, kNoon);
  add_missing("a", kNoon + minutes{1});
  add({.guid = "a", .path = "/2"}, kNoon + minutes{2});
  add_missing("a", at("2016-01-01T00:00:00Z"));  // a month without a table of events
  const auto found = journey({.guid = "a"});
  EXPECT_EQ(events(found), (Lines{"0 a /0 0", "2 a /2 0"}));
  EXPECT_EQ(sessions(found), Lines{"a 0+2 2 2 /0 /2 ~"});
  ASSERT_EQ(found.missing.size(), 2U);
  EXPECT_EQ(found.missing[0].offset, Offset{1});
  EXPECT_EQ(found.missing[0].why, "there is no event row");
  EXPECT_EQ(found.missing[1].offset, Offset{3});
  const auto text = render_journey(found, {});
  EXPECT_NE(text.find("2 events of the index cannot be shown"), std::string::npos) << text;
  EXPECT_NE(text.find("1:1, device a, 2015-05-17 12:01:00: there is no event row"), std::string::npos) << text;
}

TEST_F(JourneyTest, NamesEventRowsThatCannotBeReadOrAreAnothersToo) {
  add({.guid = "a"}, kNoon);
  const Visit visit{.guid = "a"};  // the event has views of it
  const auto event = accepted(visit, Offset{next++}, kNoon);
  put_index(Month::of(kNoon), event::event_index_row(SourceId{1}, event));
  auto row = event::event_row(SourceId{1}, event);
  for (auto& cell : row.cells) {
    if (cell.qualifier == "resolved_by") cell.value = "guess";
  }
  put(names.events(Month::of(kNoon)), row);
  auto found = journey({.guid = "a"});
  ASSERT_EQ(found.missing.size(), 1U);
  EXPECT_NE(found.missing[0].why.find("identity:resolved_by"), std::string::npos) << found.missing[0].why;
  for (auto& cell : row.cells) {
    if (cell.qualifier == "resolved_by") cell.value = "none";
    if (cell.qualifier == "guid") cell.value = "b";
  }
  put(names.events(Month::of(kNoon)), row);
  found = journey({.guid = "a"});
  ASSERT_EQ(found.missing.size(), 1U);
  EXPECT_EQ(found.missing[0].why, "the event row is of the device b");
}

TEST_F(JourneyTest, FailsWhereTheStoreDoesOrTheIndexIsCorrupt) {
  add({.guid = "a", .customer = "anna"}, kNoon);
  for (const auto call : {FakeTableStore::Call::kListTables, FakeTableStore::Call::kScan, FakeTableStore::Call::kGet}) {
    store.faults().fail_next(call, 1, ErrorCode::kUnavailable, test::When::kBeforeApplying);
    const auto failed = try_journey({.customer = "anna"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(try_journey({.customer = "anna"}));
  }
  put(names.index(Month::of(kNoon)), {event::event_index_prefix("shop", "a") + "x", {{"i", {}, 1, {}}}});
  const auto corrupt = try_journey({.guid = "a"});
  ASSERT_FALSE(corrupt);
  EXPECT_EQ(corrupt.error().code, ErrorCode::kCorrupt);
}

TEST_F(JourneyTest, StopsWhenNobodyWaits) {
  add({.guid = "a"}, kNoon);
  std::stop_source stop;
  stop.request_stop();
  options.cancelled = stop.get_token();
  const auto stopped = try_journey({.guid = "a"});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(JourneyTest, SaysWhatItCannotBeAsked) {
  const auto why = [&](JourneyWords words) { return refusal(try_journey(std::move(words))); };
  EXPECT_EQ(why({.merchant = "no shop", .guid = "a"}).substr(0, 10), "--merchant");
  EXPECT_EQ(why({}).substr(0, 18), "--guid, --customer");
  EXPECT_EQ(why({.guid = "a", .customer = "b"}).substr(0, 18), "--guid, --customer");
  EXPECT_EQ(why({.guid = "a", .from = "soon"}).substr(0, 6), "--from");
  EXPECT_EQ(why({.guid = "a", .to = "2015-02-30"}).substr(0, 4), "--to");
  EXPECT_EQ(why({.guid = "a", .from = "2015-05-18", .to = "2015-05-18"}).substr(0, 4), "--to");
  EXPECT_EQ(why({.guid = "a", .tz = "Mars"}).substr(0, 4), "--tz");
  EXPECT_EQ(why({.merchant = "SHOP", .guid = "a"}), "none");
}

TEST_F(JourneyTest, APersonSeesSessionsEachWithItsEvents) {
  add({.guid = "a", .customer = "anna", .path = "/\x1b[31m", .country = "DE"}, kNoon);
  add({.type = "purchase", .guid = "a", .customer = "anna", .path = "/thanks"}, kNoon + std::chrono::seconds{90});
  add({.type = "call", .guid = "c:anna", .customer = "anna", .path = "", .flags = event::kNoDevice},
      kNoon + minutes{5});
  add({.guid = "b", .customer = "anna", .path = "/b", .traffic = event::Traffic::kBot},
      kNoon + std::chrono::milliseconds{3'600'250});
  EXPECT_EQ("\n" + render_journey(journey({.customer = "anna", .tz = "Asia/Kolkata"}), {}), R"(
shop, customer anna (Asia/Kolkata): 4 events in 2 sessions

  time                                  after  type             page       product  revenue  country  browser  customer  by   position
session 1: 2015-05-17 17:30:00 +05:30, 1 min 30 s, 2 events, 1 page view, /\x1b[31m -> /thanks, device a
  2015-05-17 17:30:00 +05:30                   page_view        /\x1b[31m                    DE                anna      map  1:0
  2015-05-17 17:31:30 +05:30      +1 min 30 s  purchase         /thanks                      DE                anna      map  1:1
without a device: 1 event
  2015-05-17 17:35:00 +05:30                   call                                          DE                anna      map  1:2
session 2: 2015-05-17 18:30:00.250 +05:30, 0 ms, 1 event, 1 page view, /b -> /b, device b
  2015-05-17 18:30:00.250 +05:30               page_view (bot)  /b                           DE                anna      map  1:3
)");
  EXPECT_EQ(render_journey(journey({.guid = "nobody"}), {}), "shop, device nobody: no events\n");
}

}  // namespace
}  // namespace guidepost::query
