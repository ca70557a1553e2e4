// Counting events again, the plain way: by the words of proto/page.md, without a line of the fold.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guidepost/event/decision.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "verify/first_offsets.hpp"

namespace guidepost::verify {

/// A set of distinct ids: exact to 65,536, above that a sample of it whose size says how many there
/// are, to 0.5 %. (Nothing of the sketches that it is compared with.)
class DistinctRecount {
 public:
  void add(std::string_view id);
  void merge(const DistinctRecount& other);
  std::uint64_t count() const;
  bool exact() const { return level_ == 0; }
  /// Ascending; all of them while exact.
  const std::vector<std::uint64_t>& hashes() const;

 private:
  void add_hash(std::uint64_t hash);
  void compact() const;
  bool sampled(std::uint64_t hash) const { return (hash & ((std::uint64_t{1} << level_) - 1)) == 0; }

  mutable std::vector<std::uint64_t> hashes_;  // the first sorted_ ascend and differ
  mutable std::size_t sorted_ = 0;
  mutable int level_ = 0;  // only hashes with this many zeros at the end are kept
};

/// What a page should hold of one value of one dimension.
struct EntryRecount {
  std::array<std::int64_t, rollup::kCounterCount> counters{};
  std::array<DistinctRecount, rollup::kDistinctCount> distinct;
  std::map<std::string, std::array<std::int64_t, 3>> money;  ///< by currency: revenue, refunds, orders
  FirstOffsets rows;
};

/// Dimension, traffic and value as one key.
std::string entry_key(rollup::Dimension dimension, event::Traffic traffic, std::string_view value);

/// The events of one merchant, bucket and source.
struct PageRecount {
  std::uint64_t events = 0;
  Offset first_offset;
  FirstOffsets rows;
  std::unordered_map<std::string, EntryRecount> entries;
  void add(const event::Accepted& event);
  /// A change of sessions about an event of the page.
  void add(const event::SessionChange& change, const event::Accepted& subject);
};

}  // namespace guidepost::verify
