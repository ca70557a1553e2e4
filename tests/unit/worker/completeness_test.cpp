#include "worker/completeness.hpp"

#include <gtest/gtest.h>

namespace guidepost::worker {
namespace {

/// `minute` minutes after some moment.
TimeMs at(int minute) { return from_unix_ms(1'700'000'000'000) + std::chrono::minutes{minute}; }

TEST(CompletenessTest, nothing_is_known_before_something_was_seen) {
  Completeness c;
  EXPECT_EQ(c.until(), std::nullopt);
  EXPECT_EQ(c.lag(), 0);
  c.done(Offset{10});
  EXPECT_EQ(c.until(), std::nullopt);
  EXPECT_EQ(c.end(), std::nullopt);
}

TEST(CompletenessTest, a_log_in_which_nothing_happens_stays_complete_up_to_the_last_look) {
  Completeness c;
  c.done(Offset{10});
  for (int minute = 0; minute < 5; ++minute) {
    c.ended(Offset{10}, at(minute));
    EXPECT_EQ(c.until(), at(minute));
    EXPECT_EQ(c.lag(), 0);
  }
}

TEST(CompletenessTest, what_falls_behind_is_complete_up_to_the_last_end_that_it_has_reached) {
  Completeness c;
  c.done(Offset{0});
  c.ended(Offset{0}, at(0));
  c.ended(Offset{100}, at(1));
  c.ended(Offset{200}, at(2));
  EXPECT_EQ(c.lag(), 200);
  c.done(Offset{99});
  EXPECT_EQ(c.until(), at(0));
  c.done(Offset{100});
  EXPECT_EQ(c.until(), at(1));
  c.done(Offset{500});
  EXPECT_EQ(c.until(), at(2));
  EXPECT_EQ(c.lag(), 0);
}

TEST(CompletenessTest, after_a_start_with_a_backlog_the_records_tell_how_old_it_is) {
  Completeness c;
  c.done(Offset{1000});
  c.ended(Offset{9000}, at(180));  // the end, now
  EXPECT_EQ(c.until(), std::nullopt);
  c.ended(Offset{1000}, at(0));  // the first record that waits came three hours ago
  EXPECT_EQ(c.until(), at(0));
  c.ended(Offset{2000}, at(30));
  c.ended(Offset{3000}, at(60));
  EXPECT_EQ(c.until(), at(0));
  c.done(Offset{2500});
  EXPECT_EQ(c.until(), at(30));
  EXPECT_EQ(c.lag(), 6500);
  c.done(Offset{9000});
  EXPECT_EQ(c.until(), at(180));
}

TEST(CompletenessTest, a_clock_that_steps_back_does_not_take_back_what_was_said) {
  Completeness c;
  c.ended(Offset{10}, at(10));
  c.ended(Offset{20}, at(5));
  c.ended(Offset{30}, at(11));
  c.done(Offset{10});
  EXPECT_EQ(c.until(), at(10));
  c.done(Offset{20});
  EXPECT_EQ(c.until(), at(10));
  c.done(Offset{30});
  EXPECT_EQ(c.until(), at(11));
}

TEST(CompletenessTest, of_many_moments_it_never_claims_more_than_is_so) {
  Completeness c;
  c.done(Offset{0});
  for (int i = 1; i <= 100'000; ++i) c.ended(Offset{i}, at(i));
  for (int i = 1; i <= 100'000; i += 777) {
    c.done(Offset{i});
    if (c.until()) {
      EXPECT_LE(*c.until(), at(i));
    }
  }
  c.done(Offset{100'000});
  EXPECT_GE(*c.until(), at(99'999));
}

}  // namespace
}  // namespace guidepost::worker
