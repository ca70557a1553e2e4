#include "verify/recount.hpp"

#include <gtest/gtest.h>

#include <set>

namespace guidepost::verify {
namespace {

TEST(DistinctRecount, it_is_exact_to_65536) {
  DistinctRecount count;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 65'536; ++i) count.add("id" + std::to_string(i));
  }
  EXPECT_TRUE(count.exact());
  EXPECT_EQ(count.count(), 65'536u);
  EXPECT_TRUE(std::is_sorted(count.hashes().begin(), count.hashes().end()));
}

TEST(DistinctRecount, above_that_a_sample_says_it_to_two_percent) {
  DistinctRecount count;
  for (int i = 0; i < 1'000'000; ++i) count.add("id" + std::to_string(i));
  EXPECT_FALSE(count.exact());
  EXPECT_LE(count.hashes().size(), 65'536u);
  EXPECT_NEAR(static_cast<double>(count.count()), 1e6, 2e4);
}

TEST(DistinctRecount, merging_is_as_adding) {
  for (const int most : {10, 50'000, 400'000}) {
    DistinctRecount all, even, odd;
    for (int i = 0; i < most; ++i) {
      const auto id = "id" + std::to_string(i);
      all.add(id);
      (i % 2 == 0 ? even : odd).add(id);
      if (i % 7 == 0) odd.add(id);
    }
    even.merge(odd);
    EXPECT_EQ(even.hashes(), all.hashes()) << most;
    EXPECT_EQ(even.count(), all.count());
  }
}

}  // namespace
}  // namespace guidepost::verify
