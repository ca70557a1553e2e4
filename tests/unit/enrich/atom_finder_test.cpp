#include "enrich/atom_finder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace guidepost::enrich {
namespace {

std::vector<int> found(const std::vector<std::string>& atoms, std::string_view text) {
  auto numbers = AtomFinder(atoms).find(text);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

TEST(AtomFinder, FindsAtomsWithinAndBehindOthers) {
  const std::vector<std::string> atoms{"abcd", "bc", "c", "bcx", "dab"};
  EXPECT_EQ(found(atoms, "abcd"), (std::vector{0, 1, 2}));
  EXPECT_EQ(found(atoms, "abcx"), (std::vector{1, 2, 3}));
  EXPECT_EQ(found(atoms, "abab"), std::vector<int>{});
  EXPECT_EQ(found(atoms, "dabcdabc"), (std::vector{0, 1, 2, 4}));
  EXPECT_EQ(found(atoms, ""), std::vector<int>{});
  EXPECT_EQ(found({}, "abcd"), std::vector<int>{});
}

TEST(AtomFinder, TakesAnyByte) {
  std::vector<std::string> atoms;
  for (int byte = 0; byte < 256; ++byte) atoms.emplace_back(2, static_cast<char>(byte));
  EXPECT_EQ(found(atoms, std::string(3, '\0')), std::vector{0});
  EXPECT_EQ(found(atoms, "\xff\xff\xfe"), std::vector{255});
}

// Against looking for each by itself, with few letters, so that atoms overlap in every way.
TEST(AtomFinder, FindsWhatLookingForEachFinds) {
  std::mt19937_64 random(3);
  const auto word = [&](std::size_t most) {
    std::string out;
    for (std::size_t n = 1 + random() % most; n > 0; --n) out += static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    std::set<std::string> distinct;
    for (int i = 0; i < 12; ++i) distinct.insert(word(5));
    const std::vector<std::string> atoms(distinct.begin(), distinct.end());
    const auto text = word(40) + (round % 2 == 0 ? "-" : "") + word(40);
    std::vector<int> expected;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      if (text.find(atoms[i]) != std::string::npos) expected.push_back(static_cast<int>(i));
    }
    ASSERT_EQ(found(atoms, text), expected) << text;
  }
}

}  // namespace
}  // namespace guidepost::enrich
