// What is not durable yet, by the resolved offset that caused it.
#pragma once

#include <map>
#include <optional>

#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

/// Counts, per resolved offset, of dirty pages and of puts without an acknowledgement. Nothing may be
/// committed beyond the oldest one. Thread: one owner.
class Obligations {
 public:
  void add(Offset at) { ++counts_[at]; }
  void settle(Offset at) {
    const auto found = counts_.find(at);
    if (--found->second == 0) counts_.erase(found);
  }
  std::optional<Offset> oldest() const {
    return counts_.empty() ? std::nullopt : std::optional(counts_.begin()->first);
  }
  bool empty() const { return counts_.empty(); }
  void clear() { counts_.clear(); }

 private:
  std::map<Offset, std::size_t> counts_;
};

}  // namespace guidepost::worker
