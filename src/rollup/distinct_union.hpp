// Distinct counts of many pages, united: what readers show.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rollup/chunk_codec.hpp"

namespace guidepost::rollup {

/// A set of distinct hashes that came from many pages: exact while it holds at most StoredSketch::kInlineMax, then estimated
/// as Apache DataSketches' union does it, to the bit. It has no form to store, and so needs none of what keeping one costs:
/// a register is a byte, and a page's sketch is taken in without being made an object first.
///
/// Hashes wait in a short list before they are looked for in what is there. A reader adds one hash to each of thousands of
/// unions in turn: what it touches of each is then one cache line, and when a list is full its hashes are taken in together.
/// Thread: one owner, also for what is const. The estimate is a function of what was added, in its order.
class DistinctUnion {
 public:
  DistinctUnion();
  DistinctUnion(DistinctUnion&&) noexcept;
  DistinctUnion& operator=(DistinctUnion&&) noexcept;
  ~DistinctUnion();

  /// Adds a hash below 2^48.
  void add(std::uint64_t hash);
  /// Tells the memory that add() is near.
  void prefetch() const { __builtin_prefetch(few_.data() + few_.size(), 1); }
  /// Adds what a page holds, which ChunkReader has checked.
  void merge(const ReadSketch& page);
  void merge(const DistinctUnion& other);
  /// The number of hashes while it is exact, else DataSketches' estimate, rounded.
  std::uint64_t estimate() const;
  bool exact() const {
    settle();
    return !is_sketch();
  }
  std::size_t memory_bytes() const { return memory_; }  ///< on the heap

 private:
  class Coupons;
  class Registers;

  static constexpr std::size_t kMaxWaiting = 64;

  bool is_sketch() const { return coupons_ || registers_; }
  void swap(DistinctUnion& other) noexcept;
  void settle() const;
  void add_settled(std::uint64_t hash) const;
  void add_coupon(std::uint32_t coupon) const;
  std::vector<std::uint64_t> take_few() const;
  void merge_image(std::string_view image);
  void unite(const Coupons& others);
  void unite(const Registers& others);
  void measure() const;

  // `few_` begins with `settled_` hashes that ascend: all that there are, until they are too many. Then the coupons of a set
  // have them, and then the array. Behind them are those that wait, as they came.
  mutable std::vector<std::uint64_t> few_;
  mutable std::uint32_t settled_ = 0;
  mutable std::uint32_t memory_ = 0;
  mutable std::unique_ptr<Coupons> coupons_;
  mutable std::unique_ptr<Registers> registers_;
};

}  // namespace guidepost::rollup
