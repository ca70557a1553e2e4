#include "query/explain.hpp"

#include <gtest/gtest.h>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/time.hpp"
#include "guidepost/event/event_row.hpp"
#include "query/value_text.hpp"
#include "rollup/page.hpp"
#include "support/accepted_stream.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::query {
namespace {

using namespace std::chrono_literals;
using test::FakeTableStore;
using test::Visit;

TimeMs at(std::string_view text) { return *parse_rfc3339(text); }
const TimeMs kNoon = at("2015-05-17T12:00:00Z");
const TimeMs kMoment = at("2015-05-17T20:00:00Z");
constexpr SourceId kSource{1};

/// An event as it is stored.
struct Stored {
  Visit visit = {};
  TimeMs time = kNoon;
  TimeMs received = kNoon;
  std::string revenue = {};  ///< in cents
  std::vector<event::SessionChange> changes = {};
};

/// Rows and pages, as aggregate would have written them.
class Explained : public testing::Test {
 protected:
  FakeTableStore store;
  Names names;
  ExplainOptions options;
  rollup::PageLimits limits;
  std::int64_t then_below = 0;
  Names then_names;
  bool then_stored = true;
  std::optional<Offset> lost;  ///< the page counts it, but it has no row

  /// Gives its offset. Changes have the event as their cause; a subject of -1 is itself.
  Offset add(Stored stored, const Names& of = {}) {
    auto& log = logs_[of.version];
    log.push_back(std::move(stored));
    const Offset offset{static_cast<std::int64_t>(log.size()) - 1};
    for (auto& change : log.back().changes) {
      change.cause = offset;
      if (change.subject.value < 0) change.subject = offset;
    }
    return offset;
  }
  void remember() { then_below = static_cast<std::int64_t>(logs_[names.version].size()); }

  /// Writes rows, and pages of what lies below `counted`.
  void put(std::int64_t counted = 1'000'000, const Names& of = {}) {
    const auto& log = logs_[of.version];
    std::map<Bucket, rollup::Page> pages;
    const auto page = [&](TimeMs time) -> rollup::Page& {
      const rollup::PageKey key{"shop", rollup::Span::kBucket, Bucket::of(time), kSource};
      return pages.try_emplace(key.bucket, key, limits).first->second;
    };
    std::vector<event::Accepted> accepted;
    for (std::size_t i = 0; i < log.size(); ++i) {
      auto event = test::accepted(log[i].visit, Offset{static_cast<std::int64_t>(i)}, log[i].time);
      event.record_time = log[i].received;
      ids_.push_back("e" + std::to_string(i));
      event.text[event::Field::kEventId] = ids_.back();
      if (!log[i].revenue.empty()) {
        event.text[event::Field::kRevenueMinor] = log[i].revenue;
        event.text[event::Field::kCurrency] = "EUR";
      }
      accepted.push_back(event);
    }
    for (const auto& event : accepted) {
      event::Decisions decisions;
      decisions.accepted = accepted;
      decisions.changes = log[static_cast<std::size_t>(event.offset.value)].changes;
      const auto words = event::session_words(decisions, decisions.changes);
      const auto table = of.events(Month::of(event.record_time));
      store.make_table(table, {event::kEventFamilies.begin(), event::kEventFamilies.end()});
      if (event.offset != lost) write(table, event::event_row(kSource, event, words));
      if (event.offset.value >= counted) continue;
      page(event.time).add(event, RulesHash{1});
      for (const auto& change : decisions.changes) {
        const auto& subject = accepted[static_cast<std::size_t>(change.subject.value)];
        page(subject.time).add(change, subject, RulesHash{1});
      }
    }
    for (auto& [bucket, made] : pages) {
      RowPut put{rollup::page_row(made.key()), {}};
      const auto label = std::min(counted, static_cast<std::int64_t>(log.size()));
      for (auto& chunk : made.encode_dirty(Offset{label})) {
        put.cells.push_back(
            {std::string(rollup::kPageFamily), std::move(chunk.qualifier), label, std::move(chunk.value)});
      }
      const auto table = of.rollups(Month::of(bucket.start()));
      store.make_table(table, {std::string(rollup::kPageFamily)});
      write(table, std::move(put));
    }
  }
  Result<Explanation> try_explain(RequestWords words) {
    words.merchant = "shop";
    if (words.from.empty()) words.from = "2015-05-17";
    if (words.to.empty()) words.to = "2015-05-18";
    auto request = parse_request(words);
    if (!request) return tl::unexpected(request.error());
    Then then{.moment = kMoment, .names = then_names};
    then.stored = then_stored;
    then.sources[kSource] = {Offset{then_below}, kMoment, "a"};
    return explain(*request, store, names, then, options);
  }
  Explanation explained(RequestWords words) {
    auto made = try_explain(std::move(words));
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }
  /// `1 on_time+2 late_hours+1 = 4`, money in its currency.
  static std::string line(const Explanation& explanation, std::size_t m = 0) {
    const auto& metric = explanation.now.request.metrics[m];
    const auto& explained = explanation.metrics[m];
    const auto text = [&](const std::optional<Value>& value) {
      return value ? shown_value(metric, *value, {}) : std::string("?");
    };
    auto line = text(explained.then);
    for (std::size_t c = 0; c < explained.moves.size(); ++c) {
      const auto& move = explained.moves[c];
      if (move.number.value_or(0) != 0 || !move.amounts.empty())
        line += fmt::format(" {} {}", to_string(static_cast<Cause>(c)), text(move));
    }
    if (!explained.explained) line += " unexplained " + text(explained.unexplained);
    return line + " = " + text(explained.now);
  }
  void write(const std::string& table, RowPut row) {
    const auto done = await<void>([&](auto then) { store.put(table, {std::move(row)}, std::move(then)); });
    ASSERT_TRUE(done) << done.error().message;
  }

 private:
  std::map<std::uint32_t, std::vector<Stored>> logs_;
  std::deque<std::string> ids_;
};

TEST_F(Explained, ThatNothingHasChanged) {
  add({});
  remember();
  put();
  const auto made = explained({.metrics = "events"});
  EXPECT_EQ(line(made), "1 = 1");
  EXPECT_TRUE(made.explained());
}

TEST_F(Explained, EventsByHowLateTheyCame) {
  add({});
  remember();
  add({.time = kMoment + 1h, .received = kMoment + 1h + 60s});
  add({.time = kMoment, .received = kMoment + 61s});
  add({.time = kMoment - 19h, .received = kMoment + 1h});
  add({.time = at("2015-05-17T00:00:00Z"), .received = at("2015-05-18T00:00:01Z")});
  add({.received = kMoment});
  add({.received = kMoment + 1ms, .revenue = "-250"});
  put();
  const auto made = explained({.metrics = "events,revenue,refund_events"});
  EXPECT_EQ(line(made), "1 refunds 1 arrived_before 1 on_time 1 late_minutes 1 late_hours 1 late_days 1 = 7");
  EXPECT_EQ(line(made, 1), "- refunds -2.50 EUR = -2.50 EUR");
  EXPECT_EQ(line(made, 2), "0 refunds 1 = 1");
  const auto& late = made.moves[static_cast<std::size_t>(Cause::kLateMinutes)];
  ASSERT_EQ(late.examples.size(), 1U);
  EXPECT_EQ(late.examples[0].event_id, "e2");
  EXPECT_EQ(late.examples[0].offset, Offset{2});
}

TEST_F(Explained, OnlyWhatWasAskedFor) {
  add({.visit = {.type = "click", .country = "DE"}});
  remember();
  add({.visit = {.country = "US"}, .received = kMoment + 1h});
  add({.visit = {.country = "DE", .traffic = event::Traffic::kBot}, .received = kMoment + 1h});
  add({.visit = {.country = "DE"}, .time = kNoon + 24h, .received = kNoon + 24h});
  add({.visit = {.path = "/x", .country = "DE"}, .received = kMoment + 1h});
  put();
  EXPECT_EQ(line(explained({.metrics = "events", .where = {"country=DE"}})), "1 late_hours 1 = 2");
  EXPECT_EQ(line(explained({.metrics = "events", .where = {"url=/x", "country=DE"}})), "0 late_hours 1 = 1");
  EXPECT_EQ(line(explained({.metrics = "events", .where = {"type=click"}})), "1 = 1");
  EXPECT_EQ(line(explained({.metrics = "events", .where = {"country=DE"}, .traffic = "all"})), "1 late_hours 2 = 3");
}

TEST_F(Explained, ASessionThatAnEventBetweenTwoOthersHasMended) {
  // Two sessions of one event each, twenty minutes beyond the gap; a late event between makes them one.
  const event::SessionChange begins{.cause = {}, .subject = Offset{-1}, .sessions = 1, .bounces = 1, .exits = 1};
  add({.visit = {.path = "/a"}, .time = kNoon, .changes = {begins}});
  add({.visit = {.path = "/b"}, .time = kNoon + 50min, .changes = {begins}});
  remember();
  add({.visit = {.path = "/c"},
       .time = kNoon + 25min,
       .received = kMoment + 1h,
       .changes = {{.cause = {}, .subject = Offset{0}, .bounces = -1, .exits = -1, .dwells = 1, .dwell_ms = 1'500'000},
                   {.cause = {}, .subject = Offset{1}, .sessions = -1, .bounces = -1},
                   {.cause = {}, .subject = Offset{-1}, .dwells = 1, .dwell_ms = 1'500'000}}});
  put();
  const auto made = explained({.metrics = "sessions,bounces,bounce_rate,avg_time_ms,events"});
  EXPECT_EQ(line(made, 0), "2 sessions -1 = 1");
  EXPECT_EQ(line(made, 1), "2 sessions -2 = 0");
  EXPECT_EQ(line(made, 2), "100.0 % = 0.0 %");
  EXPECT_EQ(line(made, 3), "- = 25:00");
  EXPECT_EQ(line(made, 4), "2 late_hours 1 = 3");
  EXPECT_EQ(made.moves[static_cast<std::size_t>(Cause::kSessions)].events, 2U);
  EXPECT_EQ(line(explained({.metrics = "sessions", .where = {"entry_page=/b"}})), "1 sessions -1 = 0");
  EXPECT_EQ(line(explained({.metrics = "sessions", .where = {"exit_page=/a"}})), "1 sessions -1 = 0");
  EXPECT_TRUE(made.explained());
  // What changes a session of the asked time may itself lie outside of it, on either side.
  EXPECT_EQ(line(explained({.from = "2015-05-17T12:45:00Z", .metrics = "sessions"})), "1 sessions -1 = 0");
  EXPECT_EQ(line(explained({.to = "2015-05-17T12:15:00Z", .metrics = "bounces"})), "1 sessions -1 = 0");
}

TEST_F(Explained, DistinctCountsByCountingAgain) {
  add({.visit = {.guid = "a"}});
  add({.visit = {.guid = "b"}});
  remember();
  add({.visit = {.guid = "a"}, .received = kMoment + 1h});
  add({.visit = {.guid = "c", .customer = "anna"}, .received = kMoment + 1h});
  put();
  auto made = explained({.metrics = "devices,customers"});
  EXPECT_EQ(line(made), "2 = 3");
  EXPECT_EQ(line(made, 1), "0 = 1");
  EXPECT_FALSE(made.metrics[0].additive);
  options.max_ids = 2;
  made = explained({.metrics = "devices"});
  EXPECT_EQ(line(made), "? = ?");
  EXPECT_EQ(made.metrics[0].answer.number, 3) << "still answered";
  EXPECT_TRUE(made.explained());
}

TEST_F(Explained, WhatIsNotCountedYet) {
  add({});
  remember();
  add({.received = kMoment + 1h});
  add({.received = kMoment + 1h});
  put(2);
  const auto made = explained({.metrics = "events"});
  EXPECT_EQ(line(made), "1 late_hours 1 = 2");
  EXPECT_EQ(made.uncounted, 1U);
}

TEST_F(Explained, ValuesThatAreFolded) {
  limits.small_values = 2;
  add({.visit = {.country = "DE"}});
  add({.visit = {.country = "US"}});
  add({.visit = {.country = "FR"}});
  remember();
  add({.visit = {.country = "FR"}, .received = kMoment + 1h});
  add({.visit = {.country = "FR"}, .time = kNoon + 1h, .received = kMoment + 1h});
  add({.visit = {.country = "DE"}, .received = kMoment + 1h});
  put();
  const auto made = explained({.metrics = "events", .where = {"country=FR"}});
  EXPECT_EQ(line(made), "0 late_hours 1 = 1") << "in the other quarter of an hour there was room";
  EXPECT_EQ(made.folded, 2U);
  EXPECT_TRUE(made.explained());
  EXPECT_EQ(line(explained({.metrics = "events", .where = {"country=DE"}})), "1 late_hours 1 = 2");
}

TEST_F(Explained, NothingAwayThatCannotBe) {
  add({});
  remember();
  lost = add({.received = kMoment + 1h, .revenue = "100"});
  put();
  const auto made = explained({.metrics = "events,revenue"});
  EXPECT_EQ(line(made), "1 unexplained 1 = 1");
  EXPECT_EQ(line(made, 1), "- unexplained 1.00 EUR = -");
  EXPECT_FALSE(made.explained());
  EXPECT_NE(render_table(made, {}).find("cannot be explained"), std::string::npos);
  const auto json = nlohmann::json::parse(render_json(made));
  EXPECT_EQ(json["explained"], false);
  EXPECT_EQ(json["metrics"]["events"]["unexplained"], 1);
  EXPECT_EQ(json["metrics"]["revenue"]["unexplained"]["EUR"], "1.00");
}

TEST_F(Explained, AnotherVersion) {
  names.version = 2;
  then_names.version = 1;
  // Version 1 took the second one for a human's.
  const Names first = then_names;
  add({}, first);
  add({}, first);
  then_below = 2;
  put(1'000'000, first);
  add({}, names);
  add({.visit = {.traffic = event::Traffic::kBot}}, names);
  add({.received = kMoment + 1h}, names);
  put(1'000'000, names);
  const auto made = explained({.metrics = "events,devices"});
  EXPECT_EQ(line(made), "2 late_hours 1 replay -1 = 2");
  EXPECT_TRUE(made.explained());
  then_stored = false;
  const auto dropped = explained({.metrics = "events"});
  EXPECT_EQ(line(dropped), "? late_hours 1 = 2");
  EXPECT_EQ(dropped.metrics[0].came_before.number, 1);
  EXPECT_NE(render_table(dropped, {}).find("cannot be known any more"), std::string::npos);
}

TEST_F(Explained, NoMoreThanFitsIntoMemory) {
  for (int i = 0; i < 5; ++i) add({.time = kNoon + i * 1min});
  put();
  options.rows.max_waiting = 4;
  EXPECT_EQ(try_explain({.metrics = "sessions"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(try_explain({.metrics = "events"}));
  add({.time = kNoon + 1h});
  put();
  options.max_pages = 1;
  EXPECT_EQ(try_explain({.metrics = "events"}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace guidepost::query
