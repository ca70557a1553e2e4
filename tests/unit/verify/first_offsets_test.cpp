#include "verify/first_offsets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace guidepost::verify {
namespace {

std::vector<std::int64_t> shown(const FirstOffsets& rows) {
  std::vector<std::int64_t> all;
  for (const auto offset : rows.shown()) all.push_back(offset.value);
  return all;
}

TEST(FirstOffsets, AreTheLowestInWhateverOrderTheyCameEachOnce) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    FirstOffsets rows, half;
    std::set<std::int64_t> all;
    for (std::uint64_t n = random() % 12; n > 0; --n) {
      const auto offset = static_cast<std::int64_t>(random() % 20);
      all.insert(offset);
      (random() % 2 == 0 ? rows : half).add(Offset{offset});
    }
    rows.add(half);
    std::vector<std::int64_t> expected(all.begin(), all.end());
    EXPECT_EQ(rows.more(), expected.size() > FirstOffsets::kShown);
    expected.resize(std::min(expected.size(), FirstOffsets::kShown));
    EXPECT_EQ(shown(rows), expected);
  }
}

}  // namespace
}  // namespace guidepost::verify
