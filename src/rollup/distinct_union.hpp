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
/// Thread: one owner. The estimate is a function of what was added, in its order.
class DistinctUnion {
 public:
  DistinctUnion();
  DistinctUnion(DistinctUnion&&) noexcept;
  DistinctUnion& operator=(DistinctUnion&&) noexcept;
  ~DistinctUnion();

  /// Adds a hash below 2^48.
  void add(std::uint64_t hash);
  /// Adds what a page holds, which ChunkReader has checked.
  void merge(const ReadSketch& page);
  void merge(const DistinctUnion& other);
  /// The number of hashes while it is exact, else DataSketches' estimate, rounded.
  std::uint64_t estimate() const;
  bool exact() const { return !coupons_ && !registers_; }
  std::size_t memory_bytes() const;  ///< on the heap

 private:
  class Coupons;
  class Registers;

  void add_coupon(std::uint32_t coupon);
  void merge_image(std::string_view image);
  void unite(const Coupons& others);
  void unite(const Registers& others);

  // One of them has it all: few hashes, then the coupons of a set, then the array.
  std::vector<std::uint64_t> few_;  // ascending
  std::unique_ptr<Coupons> coupons_;
  std::unique_ptr<Registers> registers_;
};

}  // namespace guidepost::rollup
