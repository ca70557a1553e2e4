#include "app/sources.hpp"

#include <gtest/gtest.h>

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;

const auto kNow = from_unix_ms(1'700'000'000'000);

SourceStanding standing(std::int64_t end, std::optional<std::int64_t> counted, TimeMs last) {
  SourceStanding s;
  s.raw = {Offset{0}, Offset{end}};
  if (counted) s.durable = worker::DurablePosition{Offset{*counted}, last};
  return s;
}

TEST(CountedUntil, IsNowWhereNothingWaits) {
  EXPECT_EQ(counted_until(std::vector{standing(5, 5, kNow - 3h)}, kNow), kNow);
  EXPECT_EQ(counted_until(std::vector{standing(0, std::nullopt, {})}, kNow), std::nullopt) << "nothing came in";
}

TEST(CountedUntil, IsWhenTheOldestRecordThatWaitsCame) {
  auto late = standing(6, 5, kNow - 3h);
  EXPECT_EQ(counted_until(std::vector{late}, kNow), kNow - 3h) << "where that is not known";
  late.waiting_since = kNow - 2s;
  EXPECT_EQ(counted_until(std::vector{late}, kNow), kNow - 2s)
      << "it was silent for three hours, and is two seconds behind";
  auto later = standing(9, 1, kNow - 4h);
  later.waiting_since = kNow - 1h;
  EXPECT_EQ(counted_until(std::vector{late, standing(5, 5, kNow - 9h), later}, kNow), kNow - 1h);
  later.current = false;
  EXPECT_EQ(counted_until(std::vector{late, later}, kNow), kNow - 2s) << "of a topic that is no more nothing waits";
  EXPECT_EQ(counted_until(std::vector{late, standing(3, std::nullopt, {})}, kNow), std::nullopt);
}

}  // namespace
}  // namespace guidepost::app
