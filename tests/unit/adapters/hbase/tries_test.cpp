#include "adapters/hbase/tries.hpp"

#include <gtest/gtest.h>

#include "unit/adapters/hbase/fake_gateways.hpp"

namespace guidepost::hbase {
namespace {

using namespace std::chrono_literals;
using Then = Tries::Then;

const RetryOptions kOptions{.first_backoff = 50ms, .longest_backoff = 10s, .deadline = 60s};
const Tries::Time kStart{1h};

class TriesTest : public ::testing::Test {
 protected:
  std::mt19937_64 random{7};
};

TEST_F(TriesTest, back_off_doubles_with_full_jitter_up_to_the_longest) {
  std::vector<std::chrono::milliseconds> longest(12);
  std::vector<std::chrono::milliseconds> shortest(12, 1h);
  for (int round = 0; round < 300; ++round) {
    Tries tries({.first_backoff = 50ms, .longest_backoff = 10s, .deadline = 1h}, Repeat::kHarmless);
    for (std::size_t i = 0; i < longest.size(); ++i) {
      tries.begin(kStart);
      const auto next = tries.after(test::timed_out(), kStart, random);
      ASSERT_EQ(next.then, Then::kAgain);
      const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next.at - kStart);
      longest[i] = std::max(longest[i], wait);
      shortest[i] = std::min(shortest[i], wait);
    }
  }
  for (std::size_t i = 0; i < longest.size(); ++i) {
    const auto ceiling = std::min<std::chrono::milliseconds>(50ms * (1 << i), 10s);
    EXPECT_LE(longest[i], ceiling) << i;
    EXPECT_GT(longest[i], ceiling * 8 / 10) << i;
    EXPECT_LT(shortest[i], ceiling / 5) << i;
  }
}

TEST_F(TriesTest, give_up_at_the_deadline_and_say_whether_a_write_may_have_been_applied) {
  for (const auto& [failure, code] : {std::pair{test::not_connected(), ErrorCode::kUnavailable},
                                      std::pair{test::timed_out(), ErrorCode::kTimedOut}}) {
    Tries tries(kOptions, Repeat::kHarmless);
    auto now = kStart;
    Tries::Next next{Then::kAgain, now, {}};
    while (next.then == Then::kAgain) {
      now = next.at;
      tries.begin(now);
      next = tries.after(failure, now, random);
    }
    EXPECT_EQ(next.then, Then::kGiveUp);
    EXPECT_EQ(next.error.code, code);
    EXPECT_TRUE(next.error.retryable());
    EXPECT_LT(now - kStart, 60s);
    EXPECT_GE(now - kStart, 40s);
    EXPECT_NE(next.error.message.find("times in"), std::string::npos);
  }
}

TEST_F(TriesTest, an_early_doubt_is_not_forgotten_by_later_certainty) {
  Tries tries({.deadline = 1ms}, Repeat::kHarmless);
  tries.begin(kStart);
  tries.after(test::timed_out(), kStart, random);
  EXPECT_EQ(tries.after(test::not_connected(), kStart + 1s, random).error.code, ErrorCode::kTimedOut);
}

TEST_F(TriesTest, what_never_helps_is_not_tried_again) {
  Tries tries(kOptions, Repeat::kHarmless);
  tries.begin(kStart);
  const auto next = tries.after(sort_io_error(Scope::kBatch, "NoSuchColumnFamilyException", true), kStart, random);
  EXPECT_EQ(next.then, Then::kGiveUp);
  EXPECT_EQ(next.error.code, ErrorCode::kRefused);
}

TEST_F(TriesTest, a_suspicion_is_tried_once_more_and_then_split) {
  Tries tries(kOptions, Repeat::kHarmless);
  tries.begin(kStart);
  EXPECT_EQ(tries.after(test::internal_error(), kStart, random).then, Then::kAgain);
  const auto next = tries.after(test::internal_error(), kStart, random);
  EXPECT_EQ(next.then, Then::kSplit);
  EXPECT_EQ(next.error.code, ErrorCode::kPoison);

  Tries half(kOptions, Repeat::kHarmless);
  half.suspect();
  half.begin(kStart);
  EXPECT_EQ(half.after(test::internal_error(), kStart, random).then, Then::kSplit);
}

TEST_F(TriesTest, a_reply_too_large_is_split_at_once) {
  Tries tries(kOptions, Repeat::kHarmless);
  tries.begin(kStart);
  EXPECT_EQ(tries.after(test::too_large(), kStart, random).then, Then::kSplit);
}

TEST_F(TriesTest, what_must_not_be_repeated_is_so_only_while_surely_not_applied) {
  Tries tries(kOptions, Repeat::kHarmful);
  tries.begin(kStart);
  EXPECT_EQ(tries.after(test::not_connected(), kStart, random).then, Then::kAgain);
  const auto next = tries.after(test::timed_out(), kStart, random);
  EXPECT_EQ(next.then, Then::kGiveUp);
  EXPECT_EQ(next.error.code, ErrorCode::kTimedOut);
}

}  // namespace
}  // namespace guidepost::hbase
