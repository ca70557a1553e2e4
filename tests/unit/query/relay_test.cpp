#include "query/relay.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace guidepost::query {
namespace {

TEST(Relay, HandsOverEveryBatchInOrder) {
  Relay<int> relay;
  std::jthread filling([&] {
    for (int i = 0; i < 10'000; ++i) {
      *relay.empty() = i;
      relay.fill();
    }
    relay.end();
  });
  for (int i = 0; i < 10'000; ++i) {
    const auto* batch = relay.next();
    ASSERT_NE(batch, nullptr);
    ASSERT_EQ(*batch, i);
  }
  EXPECT_EQ(relay.next(), nullptr);
}

TEST(Relay, DoesNotFillWhatIsBeingLookedAt) {
  Relay<int> relay;
  int filled = 0;
  std::jthread filling([&] {
    while (auto* batch = relay.empty()) {
      *batch = ++filled;
      relay.fill();
    }
  });
  const auto* first = relay.next();
  const auto* second = relay.next();
  EXPECT_NE(first, second);
  EXPECT_EQ(*second, 2) << "whoever fills may be two ahead, and then waits";
  relay.stop();
  filling.join();
  EXPECT_EQ(*second, 2);
  EXPECT_LE(filled, 4);
}

TEST(Relay, EndsWithoutABatch) {
  Relay<int> relay;
  relay.end();
  EXPECT_EQ(relay.next(), nullptr);
}

}  // namespace
}  // namespace guidepost::query
