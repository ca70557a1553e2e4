#include <gtest/gtest.h>

#include <vector>

#include "app/replay.hpp"
#include "app/replay_fill.hpp"
#include "app/replay_sample.hpp"

namespace guidepost::app {
namespace {

ReplayPlan::Part part_from(std::int64_t known_from, std::int64_t first, std::int64_t from, std::int64_t counted) {
  ReplayPlan::Part part;
  part.source.partition = Partition{2};
  part.start.first = Offset{first};
  part.start.from = Offset{from};
  part.kept = from - known_from;
  part.counted = Offset{counted};
  part.raw = {Offset{first}, Offset{counted}};
  part.until = Offset{counted};
  return part;
}

TEST(ReplayPlan, what_cannot_be_decided_again_is_what_was_counted_before_the_first_that_can) {
  ReplayPlan plan;
  plan.parts = {part_from(10, 40, 60, 100)};
  const auto gone = gone_of(plan);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].partition, Partition{2});
  EXPECT_EQ(gone[0].from, Offset{10});
  EXPECT_EQ(gone[0].to, Offset{40});
  // What was never read is not gone, nor is what is in reach and only was not asked for.
  plan.parts = {part_from(40, 40, 60, 100), part_from(50, 40, 60, 100)};
  EXPECT_TRUE(gone_of(plan).empty());
}

TEST(ReplayPlan, what_is_decided_again_ends_with_what_is_counted_or_asked_for) {
  ReplayPlan plan;
  plan.parts = {part_from(0, 0, 60, 100), part_from(0, 0, 60, 100), part_from(0, 0, 60, 100)};
  plan.parts[1].until = Offset{70};
  plan.parts[2].until = Offset{60};
  EXPECT_EQ(plan.counted_again(), 40U + 10U);
}

TEST(ReplayUntil, is_read_back_from_the_row_of_its_version) {
  for (const auto& until : {ReplayUntil{Offset{0}, std::nullopt}, ReplayUntil{Offset{INT64_MAX}, std::nullopt},
                            ReplayUntil{std::nullopt, from_unix_ms(1'772'358'600'000)}}) {
    const auto read = ReplayUntil::decode(until.encode());
    ASSERT_TRUE(read) << until.encode();
    EXPECT_EQ(read->offset, until.offset);
    EXPECT_EQ(read->time, until.time);
  }
  for (const auto* words : {"", "offset", "offset ", "offset 1x", "1772358600000 ", "soon", "99999999999999999999"})
    EXPECT_FALSE(ReplayUntil::decode(words)) << words;
}

TEST(ReplaySample, a_total_is_what_was_found_by_the_share_within_what_devices_differ) {
  // Worked out by hand: the sum of squares is 9 + 1 + 4 = 14.
  const std::vector<std::int64_t> of_devices{3, 0, -1, 2};
  const auto number = extrapolate("x", of_devices, 0.25);
  EXPECT_EQ(number.in_sample, 4);
  EXPECT_EQ(number.devices, 3U);
  EXPECT_DOUBLE_EQ(number.in_all, 16);
  EXPECT_NEAR(number.margin, 1.96 * 3.24037 / 0.25, 1e-3);
  EXPECT_DOUBLE_EQ(extrapolate("x", of_devices, 1).margin, 0);
}

}  // namespace
}  // namespace guidepost::app
