// How far back the windows of ingest look: a number of offsets, and a time in the log's own clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>

#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

/// Thread: one owner. Memory: 16 bytes a second of the horizon in which something was appended.
class Reach {
 public:
  Reach(std::int64_t offsets, std::chrono::seconds horizon) : offsets_(offsets), horizon_s_(horizon.count()) {}

  /// Records of the log go by in offset order, all of them, also those that are no events.
  void pass(Offset offset, TimeMs log_time) {
    auto second = std::chrono::floor<std::chrono::seconds>(log_time).time_since_epoch().count();
    // Log time may step back a little (a new leader's clock): it counts as standing still.
    if (!seconds_.empty()) second = std::max<std::int64_t>(second, seconds_.back().second);
    if (seconds_.empty() || seconds_.back().second < second) seconds_.push_back({second, offset.value});
    while (seconds_.front().second < second - horizon_s_) seconds_.pop_front();
    oldest_ = std::max(offset.value - offsets_, seconds_.front().first_offset);
  }
  /// Offsets below it are out of reach of the one passed last.
  std::int64_t oldest() const { return oldest_; }
  std::size_t memory_bytes() const { return seconds_.size() * sizeof(Second); }

 private:
  struct Second {
    std::int64_t second;
    std::int64_t first_offset;
  };
  std::int64_t offsets_;
  std::int64_t horizon_s_;
  std::int64_t oldest_ = 0;
  std::deque<Second> seconds_;
};

}  // namespace guidepost::worker
