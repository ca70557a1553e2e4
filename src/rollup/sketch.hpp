// Distinct counts: exact while small, then Apache DataSketches HLL_4 (lgK 12, 1.6 % standard error).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "guidepost/rollup/page_format.hpp"

namespace guidepost::rollup {

/// What of an id goes into a sketch: the low 48 bits of hash64 of the id.
std::uint64_t distinct_hash(std::string_view id);

/// Whether the bytes are an image that DistinctCount stores: HLL_4, lgK 12, compact, with the coupons
/// of its set or the exceptions of its array in ascending order, and nothing that contradicts itself.
bool is_canonical_image(std::string_view image);

/// The distinct hashes of one stream, as a page keeps them; pages are united by a DistinctUnion. 16 bytes while it holds at most one.
/// Thread: one owner. While small, the result depends on the set alone. Dense, the stored form depends
/// on the order of the updates too (the estimator is a running sum), but not on how often it was
/// stored and loaded between them.
class DistinctCount {
 public:
  DistinctCount() = default;
  DistinctCount(DistinctCount&& other) noexcept;
  DistinctCount& operator=(DistinctCount&& other) noexcept;
  ~DistinctCount() { reset(); }
  DistinctCount clone() const;

  /// Adds a hash below 2^48. Gives by how many bytes stored_bytes() changed.
  int add(std::uint64_t hash);
  /// The number of hashes while small, else DataSketches' estimate, rounded.
  std::uint64_t estimate() const;

  bool dense() const { return size_ == kDense; }
  std::span<const std::uint64_t> hashes() const;  ///< ascending; empty when dense
  std::string image() const;  ///< canonical; empty while small
  StoredSketch store() const;
  /// Errors: kCorrupt.
  static Result<DistinctCount> load(const StoredSketch& stored);
  std::size_t stored_bytes() const;  ///< size in a page, with the code that says which form it has
  std::size_t memory_bytes() const;  ///< on the heap

 private:
  struct Dense;
  static constexpr std::uint16_t kDense = 0xffff;

  void reset();
  void insert(std::size_t at, std::uint64_t hash);
  void make_dense(std::uint64_t last);

  union {
    std::uint64_t one_ = 0;  // while capacity_ is 1
    std::uint64_t* list_;
    Dense* dense_;
  };
  std::uint16_t size_ = 0;  // or kDense
  std::uint16_t capacity_ = 1;
};

}  // namespace guidepost::rollup
