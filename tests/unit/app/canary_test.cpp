#include "app/canary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/ask.hpp"
#include "app/canary_sight.hpp"
#include "event/decoder.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "rollup/page.hpp"
#include "support/accepted_stream.hpp"
#include "support/fake_event_log.hpp"
#include "support/fake_table_store.hpp"
#include "worker/state_table.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr SourceId kSource{1};

/// Tables and a log, and what decides and applies in place of the stages: all at once, wherever a test lets it.
class CanaryTest : public ::testing::Test {
 protected:
  CanaryTest() {
    config_.canary.merchant = "own";
    config_.http.log_timeout = 5s;
    topic_ = log_.make_topic("clicks.raw", 1);
    store_.make_table(names_.state(), {std::string(worker::kStateFamily)});
    store_.make_table(names_.bad(), {std::string(event::kBadFamily)});
  }

  Canary canary(std::chrono::milliseconds timeout, Canary::Published published = {}) {
    if (!published) published = [this]() -> Result<Names> { return names_; };
    return {config_, {.collector = {}, .events = 3, .timeout = timeout}, log_, store_, std::move(published)};
  }

  /// What the log holds, as `ingest` would decide it.
  std::vector<std::pair<Offset, std::string>> ids_in_log() {
    std::vector<std::pair<Offset, std::string>> ids;
    event::Decoder decoder{event::EventLimits{}};
    for (const auto& [offset, record] : log_.stored({"clicks.raw", Partition{0}})) {
      Arena arena;
      const auto decoded = decoder.decode({offset, record.time, record.key, record.value}, Partition{0}, arena);
      EXPECT_EQ(decoded.kind, event::RecordKind::kEvent);
      time_ = decoded.event.time;
      ids.emplace_back(offset, decoded.event.text[event::Field::kEventId]);
    }
    return ids;
  }

  void store_row(Offset offset, const std::string& id) {
    const auto table = names_.events(Month::of(time_));
    store_.make_table(table, {event::kEventFamilies.begin(), event::kEventFamilies.end()});
    put(table, event::event_row(kSource, accepted(offset, id)));
  }
  void store_page(Offset position, const std::vector<std::pair<Offset, std::string>>& counted) {
    rollup::Page page({"own", rollup::Span::kBucket, Bucket::of(time_), kSource}, {});
    for (const auto& [offset, id] : counted) page.add(accepted(offset, id), RulesHash{1});
    RowPut row{rollup::page_row(page.key()), {}};
    for (auto& chunk : page.encode_dirty(position))
      row.cells.push_back({std::string(rollup::kPageFamily), chunk.qualifier, position.value, chunk.value});
    const auto table = names_.rollups(Month::of(time_));
    store_.make_table(table, {std::string(rollup::kPageFamily)});
    put(table, std::move(row));
  }
  void store_progress(Offset decided, Offset stored) {
    log_.set_commit(names_.ingest_group(), {"clicks.raw", Partition{0}}, {decided, ""});
    worker::StateTable state(store_, names_);
    const auto source = await<worker::Source>(
        [&](auto done) { state.register_source("clicks.raw", topic_.id, Partition{0}, Offset{0}, std::move(done)); });
    ASSERT_TRUE(source) << source.error().message;
    ASSERT_TRUE(await<void>(
        [&](auto done) { state.put_durable(source->number, {stored, time_}, {"test", time_}, std::move(done)); }));
  }
  /// As it should be.
  void apply_all() {
    const auto ids = ids_in_log();
    for (const auto& [offset, id] : ids) store_row(offset, id);
    store_page(Offset{static_cast<std::int64_t>(ids.size())}, ids);
  }

  /// Runs a canary beside stages that begin when its events are in the log.
  Result<CanaryReport> run(std::chrono::milliseconds timeout, const std::function<void()>& stages) {
    auto canary = this->canary(timeout);
    bool applied = false;
    return canary.run({}, [&](std::string_view) {
      if (!std::exchange(applied, true)) stages();
    });
  }

  static std::string message_of(const CanaryReport& report) {
    return report.findings.empty() ? "" : report.findings.front().message;
  }

  Config config_;
  Names names_;
  ThreadExecutor timer_{"timer"};
  test::FakeEventLog log_{timer_};
  test::FakeTableStore store_;
  TopicState topic_;
  TimeMs time_{};

 private:
  event::Accepted accepted(Offset offset, const std::string& id) {
    auto event = test::accepted(visit_, offset, time_);
    event.text[event::Field::kMerchant] = "own";
    event.text[event::Field::kEventId] = id;
    return event;
  }
  void put(const std::string& table, RowPut row) {
    const auto done = await<void>([&](auto then) { store_.put(table, {std::move(row)}, std::move(then)); });
    ASSERT_TRUE(done) << done.error().message;
  }
  test::Visit visit_;
};

TEST_F(CanaryTest, EventsThatAreStoredAndCountedAreWell) {
  const auto report = run(20s, [&] { apply_all(); });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kWell);
  EXPECT_EQ(report->tally.counted, 3U);
  EXPECT_TRUE(report->taken_after && report->rows_after && report->counted_after);
  EXPECT_THAT(report->findings, IsEmpty());
}

TEST_F(CanaryTest, TheEventsOfARunAreItsOwnAndNothingElseOfThemIsNew) {
  auto canary = this->canary(1ms);
  std::vector<std::string> runs;
  for (int i = 0; i < 2; ++i) runs.push_back(canary.run({})->run);
  std::set<std::string> ids;
  for (const auto& [offset, id] : ids_in_log()) ids.insert(id);
  EXPECT_EQ(ids,
            (std::set{runs[0] + "-1", runs[0] + "-2", runs[0] + "-3", runs[1] + "-1", runs[1] + "-2", runs[1] + "-3"}));
  for (const auto& [offset, record] : log_.stored({"clicks.raw", Partition{0}})) {
    EXPECT_THAT(record.value, HasSubstr(R"("guid":"canary-1")"));
    EXPECT_THAT(record.value, HasSubstr(R"("url":"/guidepost-canary")"));
  }
}

TEST_F(CanaryTest, OneEventWithoutARowIsLost) {
  const auto report = run(1ms, [&] {
    auto ids = ids_in_log();
    ids.pop_back();
    for (const auto& [offset, id] : ids) store_row(offset, id);
    store_page(Offset{3}, ids);
    store_progress(Offset{3}, Offset{3});
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kLost);
  EXPECT_EQ(report->tally.with_row, 2U);
  EXPECT_FALSE(report->rows_after);
}

TEST_F(CanaryTest, APageOfMoreThanItsRowsIsWrong) {
  const auto report = run(1ms, [&] {
    apply_all();
    auto counted = ids_in_log();
    counted.emplace_back(Offset{3}, "of nobody");
    store_page(Offset{4}, counted);
    store_progress(Offset{3}, Offset{3});
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kMiscounted);
  EXPECT_THAT(message_of(*report), HasSubstr("up to offset 4 is 4, and 3 rows are there"));
}

TEST_F(CanaryTest, TwoRowsOfAnEventAreDoubled) {
  const auto report = run(1ms, [&] {
    apply_all();
    auto twice = ids_in_log();
    twice.emplace_back(Offset{3}, twice.front().second);
    store_row(Offset{3}, twice.front().second);
    store_page(Offset{4}, twice);
    store_progress(Offset{4}, Offset{4});
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kDoubled);
}

TEST_F(CanaryTest, WhereTheStagesStandStillTheFirstOfThemIsNamed) {
  EXPECT_EQ(run(1ms, [] {})->outcome(), CanaryOutcome::kUndecided);
  EXPECT_EQ(run(1ms, [&] { store_progress(Offset{6}, Offset{0}); })->outcome(), CanaryOutcome::kUnapplied);
}

TEST_F(CanaryTest, TwoAtOnceDoNotDisturbOneAnother) {
  auto other = canary(1ms);
  const auto report = run(20s, [&] {
    apply_all();                                                      // what the first one sent, and then
    EXPECT_EQ(other.run({})->outcome(), CanaryOutcome::kUndecided);  // events that are in the log alone
    const auto ids = ids_in_log();
    store_row(ids.back().first, ids.back().second);  // and one of them stored, and not counted
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kWell) << message_of(*report);
  EXPECT_EQ(report->tally.sent, 3U);
}

TEST_F(CanaryTest, ALateWriterIsWaitedFor) {
  int looks = 0;
  auto canary = this->canary(20s, [&]() -> Result<Names> {
    if (++looks == 3) apply_all();
    return names_;
  });
  const auto report = canary.run({});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kWell);
  EXPECT_EQ(looks, 3);
}

TEST_F(CanaryTest, AfterAPublicationTheOtherVersionIsLookedAt) {
  int looks = 0;
  auto canary = this->canary(20s, [&]() -> Result<Names> {
    if (++looks == 2) {
      names_.version = 2;
      apply_all();
    }
    return names_;
  });
  EXPECT_EQ(canary.run({})->outcome(), CanaryOutcome::kWell);
}

TEST_F(CanaryTest, TablesThatFailInPassingAreAskedAgainAndAwayForGoodIsSaid) {
  store_.faults().fail_next(test::FakeTableStore::Call::kListTables, 1, ErrorCode::kUnavailable);
  EXPECT_EQ(run(20s, [&] { apply_all(); })->outcome(), CanaryOutcome::kWell);
  store_.faults().fail_always(test::FakeTableStore::Call::kGet, ErrorCode::kRefused);
  EXPECT_EQ(run(1ms, [] {})->outcome(), CanaryOutcome::kUnknown);
}

TEST_F(CanaryTest, WhatTheWayInRefusesIsNotLookedFor) {
  config_.merchants.accept = AcceptMerchants::kListed;
  config_.merchants.listed = {"shop"};
  const auto refused = run(20s, [] {});
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->outcome(), CanaryOutcome::kRefused);
  EXPECT_THAT(message_of(*refused), HasSubstr("merchant_unknown"));
  EXPECT_EQ(refused->tally.sent, 0U);
  log_.faults().fail_always(test::FakeEventLog::Call::kAppend, ErrorCode::kRefused);
  EXPECT_EQ(run(20s, [] {})->outcome(), CanaryOutcome::kNotTaken);
}

TEST_F(CanaryTest, WhatIngestRefusesIsReadFromTheBadRows) {
  const auto report = run(1ms, [&] {
    const auto ids = ids_in_log();
    const auto bytes = log_.stored({"clicks.raw", Partition{0}}).begin()->second.value;
    event::Bad bad;
    bad.record_time = time_;
    bad.merchant = "own";
    bad.reason = event::Reason::kInFuture;
    bad.bytes = bytes;
    ASSERT_TRUE(
        await<void>([&](auto done) { store_.put(names_.bad(), {event::bad_row(kSource, bad)}, std::move(done)); }));
    for (std::size_t i = 1; i < 3; ++i) store_row(ids[i].first, ids[i].second);
    store_page(Offset{3}, {ids[1], ids[2]});
    store_progress(Offset{3}, Offset{3});
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->outcome(), CanaryOutcome::kRefused);
  EXPECT_THAT(message_of(*report), HasSubstr("1 of 3 events: refused by ingest: in_future"));
}

TEST_F(CanaryTest, AWishToStopEndsIt) {
  std::stop_source stop;
  auto canary = this->canary(1h);
  const auto report = canary.run(stop.get_token(), [&](std::string_view) { stop.request_stop(); });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
}

TEST(CanaryDevices, AreOneForEachPartitionThatTheShardsLeadTo) {
  EXPECT_THAT(canary_devices("own", 1, 8, 100), ElementsAre(Pair("canary-1", _)));
  const auto devices = canary_devices("own", 64, 8, 100);
  std::set<Partition> partitions;
  for (const auto& [guid, partition] : devices) {
    partitions.insert(partition);
    EXPECT_EQ(partition, partition_of_key(event::record_key("own", guid, 64), 8));
  }
  EXPECT_EQ(devices.size(), 8U);
  EXPECT_EQ(partitions.size(), 8U);
  EXPECT_EQ(canary_devices("own", 64, 8, 3).size(), 3U);
  EXPECT_EQ(canary_devices("own", 64, 8, 100), devices) << "always the same ones";
}

}  // namespace
}  // namespace guidepost::app
