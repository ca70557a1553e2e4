#include "worker/chain.hpp"

#include <gtest/gtest.h>

#include "guidepost/event/block.hpp"
#include "sim/world.hpp"

namespace guidepost::worker {
namespace {

using namespace std::chrono_literals;
using event::Era;

constexpr Era kOld{RulesHash{1}, Offset{0}};

event::Decisions block(std::int64_t from, std::int64_t to, Era era) {
  event::Decisions decisions;
  decisions.from = Offset{from};
  decisions.to = Offset{to};
  decisions.era = era;
  return decisions;
}

TEST(Chain, GoesOnFromItsEndOrFromTheMiddleOfABlock) {
  EXPECT_EQ(fit(Offset{10}, kOld, block(10, 20, kOld)), Fit::kGoesOn);
  EXPECT_EQ(fit(Offset{10}, kOld, block(5, 20, kOld)), Fit::kGoesOn);
  EXPECT_EQ(fit(Offset{10}, kOld, block(5, 10, kOld)), Fit::kPassed);
  EXPECT_EQ(fit(Offset{10}, kOld, block(11, 20, kOld)), Fit::kGap);
}

TEST(Chain, GoesOnByOtherRulesOnlyWhereThoseKnowItsEnd) {
  const auto by_others = [](std::int64_t from) { return Era{RulesHash{2}, Offset{from}}; };
  EXPECT_EQ(fit(Offset{10}, kOld, block(10, 20, by_others(10))), Fit::kGoesOn);
  EXPECT_EQ(fit(Offset{10}, kOld, block(8, 20, by_others(8))), Fit::kOtherEra);
  EXPECT_EQ(fit(Offset{20}, by_others(10), block(15, 30, kOld)), Fit::kOtherEra) << "a zombie of before";
  EXPECT_EQ(fit(Offset{20}, by_others(10), block(20, 30, {RulesHash{1}, Offset{20}})), Fit::kGoesOn) << "back again";
  EXPECT_EQ(fit(Offset{20}, by_others(10), block(8, 10, kOld)), Fit::kPassed);
}

TEST(Chain, WhatFollowsABlockThatDoesNotFitIsNoGap) {
  const Era by_others{RulesHash{2}, Offset{10}};
  EXPECT_EQ(fit(Offset{15}, kOld, block(10, 15, by_others)), Fit::kPassed);
  EXPECT_EQ(fit(Offset{15}, kOld, block(15, 20, by_others)), Fit::kOtherEra);
  EXPECT_EQ(fit(Offset{15}, kOld, block(20, 25, by_others)), Fit::kOtherEra);
  EXPECT_EQ(fit(Offset{5}, kOld, block(20, 25, by_others)), Fit::kGap) << "5 to 10 are missing";
}

TEST(Chain, GoesOnFromAnythingWhereItsEraIsNotKnown) {
  EXPECT_EQ(fit(Offset{10}, std::nullopt, block(10, 20, kOld)), Fit::kGoesOn);
}

std::vector<event::Block> blocks_of(const test::World& world) {
  std::vector<event::Block> blocks;
  for (const auto& [offset, record] : world.log.stored({world.names.resolved_topic(), Partition{0}}))
    blocks.push_back(std::move(*event::Block::decode(record.value)));
  return blocks;
}

TEST(Chain, OtherRulesBeginBehindWhatWasDecidedAndNotBehindTheCommit) {
  test::World world;
  for (int i = 0; i < 20; ++i) world.raw(test::page_view("a", i, std::to_string(i)));
  IngestOptions options;
  options.block = {.events = 5, .bytes = Bytes{4096}, .age = 50ms};
  options.commit_interval = 1h;
  {
    test::Process process(world, options);
    world.settle();
  }
  ASSERT_EQ(world.log.commit_of(world.names.ingest_group(), {world.names.raw_topic(), Partition{0}}), std::nullopt);
  const auto before = blocks_of(world).size();
  for (int i = 20; i < 30; ++i) world.raw(test::page_view("a", i, std::to_string(i)));
  options.sessions.gap = 9min;
  test::Process process(world, options);
  world.settle();
  const auto blocks = blocks_of(world);
  ASSERT_GT(blocks.size(), before);
  const auto& first = blocks[before].decisions();
  EXPECT_EQ(first.from, Offset{20});
  EXPECT_EQ(first.era.from, Offset{20});
  EXPECT_NE(first.era.rules, blocks[0].decisions().era.rules);
  EXPECT_EQ(blocks.back().decisions().to, Offset{30});
  EXPECT_EQ(blocks.back().decisions().era, first.era);
}

/// Blocks of the one that are on their way when the other one has looked where they end.
TEST(Chain, WhoDecidedWithoutKnowingWhatOthersDecidedDecidesAnew) {
  test::World world;
  auto& faults = world.log.faults();
  IngestOptions options;
  options.block = {.events = 5, .bytes = Bytes{4096}, .age = 50ms};
  options.commit_interval = 100ms;
  AggregateOptions aggregate;
  aggregate.flush.max_age = 400ms;
  auto old = std::make_unique<test::Process>(world, options, aggregate);
  for (int i = 0; i < 10; ++i) world.raw(test::page_view("a", i, std::to_string(i)));
  world.settle();
  faults.hold(test::FakeEventLog::Call::kAppend);
  for (int i = 10; i < 20; ++i) world.raw(test::page_view("a", i, std::to_string(i)));
  world.executor.advance(1s);
  old.reset();
  options.sessions.gap = 9min;
  test::Process process(world, options, aggregate);
  world.executor.advance(1s);
  ASSERT_EQ(blocks_of(world).back().decisions().to, Offset{10});
  faults.release(test::FakeEventLog::Call::kAppend);
  world.settle();
  const auto blocks = blocks_of(world);
  EXPECT_EQ(blocks.back().decisions().to, Offset{20});
  EXPECT_EQ(world.tables.peek(world.names.state(), "position/v1/00000001", "s", "offset"), "20");
  const auto by_old_rules = Era{blocks[0].decisions().era};
  Offset chain{0};
  std::optional<Era> era;
  for (const auto& block : blocks) {
    const auto& d = block.decisions();
    if (fit(chain, era, d) != Fit::kGoesOn) continue;
    chain = d.to;
    era = d.era;
  }
  EXPECT_EQ(chain, Offset{20});
  EXPECT_EQ(era, by_old_rules) << "what was on its way came first";
  world.raw(test::page_view("a", 20, "20"));
  world.settle();
  EXPECT_EQ(blocks_of(world).back().decisions().era.from, Offset{20});
  EXPECT_EQ(world.tables.peek(world.names.state(), "position/v1/00000001", "s", "offset"), "21");
}

TEST(Chain, GoesOnWhenTheResolvedLogIsMadeAgain) {
  test::World world;
  IngestOptions options;
  options.block = {.events = 5, .bytes = Bytes{4096}, .age = 50ms};
  options.commit_interval = 100ms;
  test::Process process(world, options);
  for (int i = 0; i < 20; ++i) world.raw(test::page_view("a", i, std::to_string(i)));
  world.settle();
  world.log.make_again(world.names.resolved_topic());
  for (int i = 20; i < 30; ++i) world.raw(test::page_view("a", i, std::to_string(i)));
  world.settle();
  const auto blocks = blocks_of(world);
  ASSERT_FALSE(blocks.empty());
  EXPECT_EQ(blocks.front().decisions().from, Offset{20});
  EXPECT_EQ(blocks.back().decisions().to, Offset{30});
}

}  // namespace
}  // namespace guidepost::worker
