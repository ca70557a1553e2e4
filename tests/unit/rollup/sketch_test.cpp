#include "rollup/sketch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "rollup/chunk_codec.hpp"

namespace guidepost::rollup {
namespace {

std::uint64_t hash_of(std::uint64_t i, std::uint64_t seed) {
  return distinct_hash("visitor-" + std::to_string(seed) + "-" + std::to_string(i));
}

DistinctCount filled(std::uint64_t n, std::uint64_t seed = 0) {
  DistinctCount count;
  for (std::uint64_t i = 0; i < n; ++i) count.add(hash_of(i, seed));
  return count;
}

TEST(DistinctCount, IsExactUpTo192) {
  for (std::uint64_t n : {0, 1, 2, 4, 5, 100, 191, 192}) {
    auto count = filled(n);
    for (std::uint64_t i = 0; i < n; ++i) EXPECT_EQ(count.add(hash_of(i, 0)), 0) << "again";
    EXPECT_EQ(count.estimate(), n);
    EXPECT_FALSE(count.dense());
  }
  EXPECT_TRUE(filled(193).dense());
}

TEST(DistinctCount, ErrsByAtMostWhatTheSketchPromises) {
  for (const std::uint64_t n : {193, 400, 1000, 5000, 20000}) {
    constexpr int kTrials = 100;
    double squares = 0;
    for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
      const auto error = static_cast<double>(filled(n, seed + n).estimate()) / static_cast<double>(n) - 1;
      EXPECT_LE(std::abs(error), 5 * 0.016) << n << " with seed " << seed;
      squares += error * error;
    }
    EXPECT_LE(std::sqrt(squares / kTrials), 0.016) << n;
  }
}

TEST(DistinctCount, GoesOnAfterStoringAsIfItHadNeverBeenStored) {
  std::mt19937_64 rng(5);
  auto living = filled(0);
  auto reborn = filled(0);
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const auto hash = hash_of(rng() % 200'000, 1);
    ASSERT_EQ(living.add(hash), reborn.add(hash)) << "growth at " << i;
    if (rng() % (i < 1000 ? 10 : 20'000) != 0) continue;
    const auto stored = reborn.store();
    ASSERT_EQ(stored.image, living.store().image) << "at " << i;
    ASSERT_EQ(stored.hashes, living.store().hashes) << "at " << i;
    ASSERT_EQ(stored.image.empty() ? sketch_list_bytes(stored.hashes.size()) : sketch_image_bytes(stored.image.size()),
              reborn.stored_bytes());
    auto loaded = DistinctCount::load(stored);
    ASSERT_TRUE(loaded) << loaded.error().message;
    reborn = std::move(*loaded);
    ASSERT_EQ(reborn.estimate(), living.estimate());
  }
}

TEST(DistinctCount, ACloneGoesItsOwnWay) {
  for (const std::uint64_t n : {0, 1, 50, 300, 5000}) {
    auto count = filled(n);
    auto copy = count.clone();
    EXPECT_EQ(copy.estimate(), count.estimate());
    for (std::uint64_t i = 0; i < 2000; ++i) copy.add(hash_of(i, 9));
    EXPECT_EQ(count.estimate(), filled(n).estimate());
    EXPECT_GT(copy.estimate(), count.estimate());
  }
}

TEST(DistinctCount, RefusesImagesThatContradictThemselves) {
  for (const std::uint64_t n : {300, 3000, 200'000}) {
    const auto image = filled(n).image();
    ASSERT_TRUE(is_canonical_image(image));
    EXPECT_FALSE(is_canonical_image(image.substr(0, image.size() - 1)));
    EXPECT_FALSE(is_canonical_image(image + '\0'));
    for (const std::size_t at : {0, 1, 2, 3, 5, 7}) {  // sizes, version, family, lgK, flags, mode
      auto broken = image;
      broken[at] = static_cast<char>(broken[at] ^ 0x40);
      EXPECT_FALSE(is_canonical_image(broken)) << at;
    }
  }
  auto registers = filled(3000).image();
  registers[100] = static_cast<char>(registers[100] | 0xf);  // an exception without its value
  EXPECT_FALSE(is_canonical_image(registers));
  EXPECT_FALSE(is_canonical_image(""));
}

}  // namespace
}  // namespace guidepost::rollup
