#include "worker/position_history.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "sim/world.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {
namespace {

using namespace std::chrono_literals;
using test::FakeTableStore;
using testing::HasSubstr;

const auto kStart = from_unix_ms(1'700'000'000'000);  // 22:13:20

class PositionHistoryTest : public testing::Test {
 protected:
  PositionHistoryTest() { store.make_table(names.state(), {std::string(kStateFamily)}, 1); }

  void record(std::chrono::milliseconds after, std::int64_t offset, std::string by = "a",
              std::optional<Offset> began = {}) {
    const auto done = await<void>([&](auto then) {
      state.put_durable(kSource, {Offset{offset}, kStart}, {std::move(by), kStart + after, began}, std::move(then));
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  Result<RecordedPosition> at(std::chrono::milliseconds after, std::chrono::milliseconds now) {
    const auto history = await<PositionHistory>([&](auto then) { state.history(kSource, std::move(then)); });
    if (!history) return tl::unexpected(history.error());
    return history->at(kStart + after, kStart + now);
  }
  std::int64_t offset_at(std::chrono::milliseconds after, std::chrono::milliseconds now) {
    const auto found = at(after, now);
    return found ? found->offset.value : -1;
  }
  std::size_t cells() {
    std::size_t count = 0;
    for (const auto& row : store.peek_all(names.state())) {
      if (row.key == history_row(1, kSource)) count = row.cells.size();
    }
    return count;
  }

  static constexpr SourceId kSource{7};
  FakeTableStore store;
  Names names;
  StateTable state{store, names};
};

TEST_F(PositionHistoryTest, SaysWhatWasDurableAtAMomentAndWhoSaidSo) {
  record(0s, 100, "a", Offset{40});
  record(5s, 200);
  record(9s, 300, "b");
  EXPECT_EQ(offset_at(-1h, 1min), 40) << "before it began";
  EXPECT_EQ(offset_at(0s, 1min), 100);
  EXPECT_EQ(offset_at(4999ms, 1min), 100);
  EXPECT_EQ(offset_at(5s, 1min), 200);
  const auto last = at(1min, 1min);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->offset, Offset{300});
  EXPECT_EQ(last->at, kStart + 9s);
  EXPECT_EQ(last->by, "b");
}

TEST_F(PositionHistoryTest, KeepsTheLastPositionOfASourceThatFallsSilent) {
  record(0s, 100, "a", Offset{0});
  record(100ms, 170);
  record(200ms, 180);
  EXPECT_EQ(offset_at(1s, 1h), 180);
  EXPECT_EQ(offset_at(300 * 24h, 301 * 24h), 180);
}

TEST_F(PositionHistoryTest, KnowsNearMomentsBetterThanFarOnes) {
  for (std::int64_t s = 0; s <= 50 * 86'400; s += 600) record(std::chrono::seconds{s}, 1000 + s, "a", Offset{0});
  const auto now = 50 * 24h;
  const auto late_by = [&](std::chrono::milliseconds moment) {
    return std::chrono::duration_cast<std::chrono::seconds>(moment).count() - (offset_at(moment, now) - 1000);
  };
  EXPECT_EQ(late_by(now - 10min), 0);
  EXPECT_EQ(late_by(now - 24h), 0) << "to the minute";
  EXPECT_LE(late_by(now - 20 * 24h - 17min), 3600 + 1020) << "to the hour";
  EXPECT_LE(late_by(now - 45 * 24h), 86'400) << "to the day";
  EXPECT_GE(offset_at(now - 45 * 24h, now), 1000);
  for (const auto [age, width] : {std::pair<std::chrono::milliseconds, std::chrono::milliseconds>{10min, 1s},
                                  {20min, 1min},
                                  {47h, 1min},
                                  {49h, 1h},
                                  {39 * 24h, 1h},
                                  {41 * 24h, 24h}})
    EXPECT_EQ(resolution_at(kStart - age, kStart), width) << age.count();
}

TEST_F(PositionHistoryTest, TakesNoMoreThanItsCells) {
  for (std::int64_t s = 0; s < 3 * 86'400; s += 30) record(std::chrono::seconds{s}, s, "a", Offset{0});
  const auto cells_then = cells();
  for (std::int64_t s = 3 * 86'400; s < 6 * 86'400; s += 30) record(std::chrono::seconds{s}, s);
  EXPECT_LE(cells(), cells_then + 3 * 24 + 3) << "only hours and days";
  EXPECT_LE(cells(), 900U + 2880 + 960 + 400 + 1);
}

TEST_F(PositionHistoryTest, IsNotLedAstrayByAZombie) {
  record(0s, 100, "a", Offset{0});
  record(10s, 500, "a");
  record(10s, 300, "zombie");  // late, into the same cells
  record(11s, 300, "zombie");  // and into ones of its own: it was durable, but so was more
  EXPECT_EQ(offset_at(10s, 1min), 500);
  EXPECT_EQ(offset_at(11s, 1min), 500);
  EXPECT_EQ(at(1min, 1min)->by, "a");
  record(30s, 900, "a");
  record(31s, 120, "zombie", Offset{0});  // that found no D when it began
  EXPECT_EQ(offset_at(5s, 1min), 100);
  EXPECT_EQ(offset_at(1min, 1min), 900);
}

TEST_F(PositionHistoryTest, RefusesWhatItDoesNotKnowAndSaysSinceWhen) {
  record(1h, 100);  // goes on from a position that was not recorded
  const auto before = at(0s, 2h);
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, ErrorCode::kOutOfRange);
  EXPECT_THAT(before.error().message, HasSubstr("is known since 2023-11-14T23:13:20Z"));
  record(2h, 200, "a", Offset{0});
  const auto forgotten = at(3h, 3h + 401 * 24h);
  ASSERT_FALSE(forgotten);
  EXPECT_THAT(forgotten.error().message, HasSubstr("is known since " + text::rfc3339(kStart + 3h + 24h)));
  EXPECT_EQ(offset_at(-1h, 3h + 401 * 24h), 0) << "there was nothing";
}

TEST_F(PositionHistoryTest, RefusesForeignCells) {
  record(0s, 100);
  for (const auto* value : {"", "12", "12 x a", "12 -1 a", "12 99 a", "12 100"}) {
    Row row{history_row(1, kSource), {{std::string(kStateFamily), "m0001", 100, value}}};
    EXPECT_FALSE(PositionHistory::parse(row)) << value;
  }
}

TEST(PositionsOfAggregate, AreRecordedWithEveryDurablePosition) {
  test::World world;
  worker::AggregateOptions aggregate;
  aggregate.writer = "aggregate-1";
  aggregate.commit_interval = 100ms;
  aggregate.flush.max_age = 100ms;
  for (int i = 0; i < 5; ++i) world.raw(test::page_view("a", i, "e" + std::to_string(i)));
  test::Process process(world, {}, aggregate);
  world.settle();
  const auto then = world.executor.wall();
  world.settle(2s);
  for (int i = 5; i < 12; ++i) world.raw(test::page_view("a", i, "e" + std::to_string(i)));
  world.settle();
  StateTable state(world.tables, world.names);
  const auto history = await<PositionHistory>([&](auto done) { state.history(SourceId{1}, std::move(done)); });
  ASSERT_TRUE(history);
  const auto now = world.executor.wall();
  EXPECT_EQ(history->at(then, now)->offset, Offset{5});
  EXPECT_EQ(history->at(now, now)->offset, Offset{12});
  EXPECT_EQ(history->at(now, now)->by, "aggregate-1");
  EXPECT_EQ(history->at(from_unix_ms(0), now)->offset, Offset{0});
}

}  // namespace
}  // namespace guidepost::worker
