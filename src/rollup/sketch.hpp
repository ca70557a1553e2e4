// Distinct counts: exact while small, then Apache DataSketches HLL_4 (lgK 12, 1.6 % standard error).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "guidepost/rollup/page_format.hpp"

namespace guidepost::rollup {

/// What of an id goes into a sketch: the low 48 bits of hash64 of the id.
std::uint64_t distinct_hash(std::string_view id);

/// A set of distinct hashes. Thread: one owner. Merging and updating give results that do not
/// depend on order while small; dense ones are equal up to their inner order.
class DistinctCount {
 public:
  DistinctCount();
  DistinctCount(DistinctCount&&) noexcept;
  DistinctCount& operator=(DistinctCount&&) noexcept;
  ~DistinctCount();

  bool add(std::uint64_t hash);  ///< whether the stored form changed
  void merge(const StoredSketch& other);  ///< Errors: none; an invalid image is ignored and asserted at decode
  double estimate() const;
  StoredSketch store() const;
  static Result<DistinctCount> load(StoredSketch stored);
  std::size_t stored_bytes() const;  ///< size in a page
  std::size_t memory_bytes() const;

 private:
  struct Dense;
  std::vector<std::uint64_t> small_;  // sorted
  std::unique_ptr<Dense> dense_;
};

}  // namespace guidepost::rollup
