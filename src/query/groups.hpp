// Sums by value.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "query/sums.hpp"

namespace guidepost::query {

/// By value: what the page has, or the part of it that is asked for. In the order in which they came.
/// Thread: one.
class Groups {
 public:
  struct Group {
    std::string_view value;
    Sums sums;
  };

  /// Null: there is none. Valid as long as this object.
  Sums* find(std::string_view value);
  const Sums* find(std::string_view value) const { return const_cast<Groups*>(this)->find(value); }
  /// There must be none yet.
  Sums& make(std::string_view value);

  std::size_t size() const { return groups_.size(); }
  auto begin() const { return groups_.begin(); }
  auto end() const { return groups_.end(); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t group = kFree;  ///< by its number
  };
  static constexpr std::uint32_t kFree = UINT32_MAX;

  void grow();

  std::deque<Group> groups_;
  Arena values_{4096};  // there may be hundreds of groups of few values
  std::vector<Slot> slots_;  // open addressing; a power of two, at least half of them free
};

}  // namespace guidepost::query
