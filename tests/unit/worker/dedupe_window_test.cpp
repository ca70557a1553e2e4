#include "worker/ingest/dedupe_window.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>

namespace guidepost::worker {
namespace {

TimeMs at_second(std::int64_t s) { return from_unix_ms(s * 1000); }
EventIdentity id(int n) { return EventIdentity::of("shop", "g" + std::to_string(n % 7), "e" + std::to_string(n)); }

class Window {
 public:
  Window(std::int64_t reach, std::chrono::seconds horizon) : window_(reach, horizon) {}
  bool event(std::int64_t offset, std::int64_t second, int which) {
    window_.pass(Offset{offset}, at_second(second));
    return window_.repeats(id(which));
  }

 private:
  DedupeWindow window_;
};

TEST(DedupeWindow, TakesAnEventForARepeatUpToItsReachAndNotBeyond) {
  Window window(10, std::chrono::hours{1});
  EXPECT_FALSE(window.event(0, 0, 1));
  EXPECT_TRUE(window.event(10, 0, 1));
  EXPECT_FALSE(window.event(21, 0, 1));
}

TEST(DedupeWindow, CountsDistanceFromTheLastOccurrenceEvenIfThatWasARepeat) {
  Window window(10, std::chrono::hours{1});
  for (int offset = 0; offset <= 50; offset += 10) EXPECT_EQ(window.event(offset, 0, 1), offset > 0);
}

TEST(DedupeWindow, ForgetsWhatIsFurtherBackInLogTimeThanItsHorizon) {
  Window window(1'000'000, std::chrono::seconds{60});
  EXPECT_FALSE(window.event(0, 100, 1));
  EXPECT_TRUE(window.event(1, 160, 1));
  EXPECT_FALSE(window.event(2, 221, 1));
}

TEST(DedupeWindow, TreatsLogTimeThatStepsBackAsStandingStill) {
  Window window(1'000'000, std::chrono::seconds{60});
  EXPECT_FALSE(window.event(0, 100, 1));
  EXPECT_FALSE(window.event(1, 40, 2));
  EXPECT_TRUE(window.event(2, 160, 1));
}

TEST(DedupeWindow, TellsMerchantGuidAndEventIdApart) {
  const auto a = EventIdentity::of("a", "bc", "d");
  const auto b = EventIdentity::of("ab", "c", "d");
  const auto c = EventIdentity::of("a", "b", "cd");
  EXPECT_FALSE(a.high == b.high && a.low == b.low);
  EXPECT_FALSE(a.high == c.high && a.low == c.low);
}

// The plain twin: a map of the last occurrence, asked for the distance.
TEST(DedupeWindow, AnswersAsAMapOfLastOccurrencesDoesOnRandomStreams) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const std::int64_t reach = 1 + static_cast<std::int64_t>(random() % 3000);
    Window window(reach, std::chrono::hours{1000});
    std::map<int, std::int64_t> last;
    std::int64_t offset = static_cast<std::int64_t>(random() % 1'000'000'000'000);
    for (int i = 0; i < 20'000; ++i) {
      offset += 1 + static_cast<std::int64_t>(random() % 3);
      const int which = static_cast<int>(random() % 4000);
      const bool expected = last.contains(which) && offset - last[which] <= reach;
      last[which] = offset;
      ASSERT_EQ(window.event(offset, 0, which), expected) << "seed " << seed << " step " << i;
    }
  }
}

// Rule 1 of the design: what it answers is a function of the last `reach` offsets.
TEST(DedupeWindow, AnswersTheSameAfterReadingOnlyTheLastOffsetsAgain) {
  constexpr std::int64_t kReach = 500;
  std::mt19937 random(42);
  std::vector<int> stream(5000);
  for (auto& which : stream) which = static_cast<int>(random() % 800);
  for (const std::size_t restart : {600U, 1234U, 4321U}) {
    Window whole(kReach, std::chrono::hours{1});
    Window rebuilt(kReach, std::chrono::hours{1});
    for (std::size_t i = 0; i < stream.size(); ++i) {
      const auto offset = static_cast<std::int64_t>(i);
      const bool expected = whole.event(offset, 0, stream[i]);
      if (i + kReach < restart) continue;
      const bool got = rebuilt.event(offset, 0, stream[i]);
      if (i >= restart) {
        ASSERT_EQ(got, expected) << "offset " << i << " after a restart at " << restart;
      }
    }
  }
}

TEST(DedupeWindow, StaysWithinItsMemoryHoweverLongTheStream) {
  constexpr std::int64_t kReach = 10'000;
  DedupeWindow window(kReach, std::chrono::hours{24});
  for (std::int64_t offset = 0; offset < 500'000; ++offset) {
    window.pass(Offset{offset}, at_second(offset / 1000));
    window.repeats(id(static_cast<int>(offset)));
    ASSERT_LE(window.memory_bytes(), 128U * kReach);
  }
}

}  // namespace
}  // namespace guidepost::worker
