#include "rollup/distinct_union.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <hll.hpp>
#include <optional>
#include <random>
#include <set>

#include "rollup/sketch.hpp"

namespace guidepost::rollup {
namespace {

std::uint64_t hash_of(std::uint64_t i, std::uint64_t seed) {
  return distinct_hash("visitor-" + std::to_string(seed) + "-" + std::to_string(i));
}

/// A distinct count as a page stores it, and as a reader finds it there.
class Stored {
 public:
  explicit Stored(const DistinctCount& count) : image_(count.image()) {
    for (const auto hash : count.hashes()) packed_.append(reinterpret_cast<const char*>(&hash), kHashBytes);
  }
  ReadSketch read() const { return {packed_, image_}; }

 private:
  std::string packed_;
  std::string image_;
};

Stored stored(std::uint64_t begin, std::uint64_t end, std::uint64_t seed = 0) {
  DistinctCount count;
  for (auto i = begin; i < end; ++i) count.add(hash_of(i, seed));
  return Stored(count);
}

TEST(DistinctUnion, IsExactUpTo192AndKnowsNoOrder) {
  DistinctUnion forth;
  DistinctUnion back;
  for (std::uint64_t page = 0; page < 4; ++page) {
    forth.merge(stored(page * 44, page * 44 + 60).read());  // they overlap
    back.merge(stored((3 - page) * 44, (3 - page) * 44 + 60).read());
  }
  EXPECT_TRUE(forth.exact());
  EXPECT_EQ(forth.estimate(), 192U);
  EXPECT_EQ(back.estimate(), 192U);
  forth.add(hash_of(500, 0));
  EXPECT_FALSE(forth.exact());
}

TEST(DistinctUnion, OfPagesErrsByAtMostWhatTheSketchPromises) {
  constexpr int kTrials = 60;
  double squares = 0;
  for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
    DistinctUnion all;
    for (std::uint64_t page = 0; page < 8; ++page) all.merge(stored(page * 400, page * 400 + 700, seed).read());
    const auto error = static_cast<double>(all.estimate()) / 3500 - 1;
    EXPECT_LE(std::abs(error), 5 * 0.016);
    squares += error * error;
  }
  EXPECT_LE(std::sqrt(squares / kTrials), 0.016);
}

TEST(DistinctUnion, OfOnePageIsWhatThePageSays) {
  for (const std::uint64_t n : {0, 1, 192, 193, 384, 385, 5000, 200'000}) {
    DistinctCount count;
    for (std::uint64_t i = 0; i < n; ++i) count.add(hash_of(i, 0));
    DistinctUnion read;
    read.merge(Stored(count).read());
    read.merge(Stored(DistinctCount{}).read());
    EXPECT_EQ(read.estimate(), count.estimate()) << n;
    DistinctUnion streamed;
    for (std::uint64_t i = 0; i < n; ++i) streamed.add(hash_of(i, 0));
    EXPECT_EQ(streamed.estimate(), count.estimate()) << n;
  }
}

/// The same by DataSketches' own classes: one stream as HLL_4, from the first union of two sketches on its union.
class Reference {
 public:
  void add(std::uint64_t hash) {
    if (union_) return union_->update(hash);
    if (sketch_) return sketch_->update(hash);
    few_.insert(hash);
    if (few_.size() <= StoredSketch::kInlineMax) return;
    few_.erase(hash);
    sketch_.emplace(12, datasketches::HLL_4);
    for (const auto one : few_) sketch_->update(one);
    sketch_->update(hash);
  }
  void merge(const ReadSketch& page) {
    for (std::size_t i = 0; i < page.size(); ++i) add(page[i]);
    if (page.image.empty()) return;
    const std::vector<char> bytes(page.image.begin(), page.image.end());
    merge(datasketches::hll_sketch::deserialize(bytes.data(), bytes.size()));
  }
  std::uint64_t estimate() const {
    if (union_) return static_cast<std::uint64_t>(std::llround(union_->get_estimate()));
    if (sketch_) return static_cast<std::uint64_t>(std::llround(sketch_->get_estimate()));
    return few_.size();
  }

 private:
  void merge(datasketches::hll_sketch other) {
    if (!sketch_) {
      for (const auto one : few_) other.update(one);
      sketch_ = std::move(other);
      return;
    }
    if (!union_) {
      union_.emplace(12);
      union_->update(*sketch_);
    }
    union_->update(other);
  }

  std::set<std::uint64_t> few_;
  std::optional<datasketches::hll_sketch> sketch_;
  std::optional<datasketches::hll_union> union_;
};

TEST(DistinctUnion, EstimatesAsDataSketchesDoes) {
  // Lists, sets and arrays, in every order: what is united with what decides how the estimate is made.
  constexpr std::array<std::uint64_t, 7> kSizes{3, 150, 193, 300, 384, 500, 9000};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    DistinctUnion all;
    Reference reference;
    for (int page = 0; page < 6; ++page) {
      const auto begin = random() % 2000;
      const auto one = stored(begin, begin + kSizes[random() % kSizes.size()], seed % 3);
      all.merge(one.read());
      reference.merge(one.read());
      ASSERT_EQ(all.estimate(), reference.estimate()) << "page " << page << ", seed " << seed;
    }
  }
}

TEST(DistinctUnion, OfUnionsCountsWhatTheyHaveTogether) {
  constexpr std::array<std::uint64_t, 5> kSizes{0, 100, 193, 380, 9000};
  for (const auto first : kSizes) {
    for (const auto second : kSizes) {
      DistinctUnion all;
      DistinctUnion other;
      all.merge(stored(0, first).read());
      other.merge(stored(50, 50 + second).read());
      all.merge(other);
      const auto both = second == 0 || first < 50 ? 0 : std::min(first, 50 + second) - 50;
      const auto expected = static_cast<double>(first + second - both);
      EXPECT_NEAR(static_cast<double>(all.estimate()), expected, 0.05 * expected) << first << " and " << second;
    }
  }
}

}  // namespace
}  // namespace guidepost::rollup
