// How long to wait before the world is asked again.
#pragma once

#include <algorithm>
#include <chrono>

namespace guidepost::worker {

/// 50 ms, doubled at every failure, 10 s at most; back to 50 ms after a success. Without jitter: the
/// adapters have it, and here a seeded run must repeat itself.
class Backoff {
 public:
  std::chrono::milliseconds next() {
    const auto wait = wait_;
    wait_ = std::min(wait_ * 2, kLongest);
    ++failures_;
    return wait;
  }
  void reset() {
    wait_ = kFirst;
    failures_ = 0;
  }
  /// Failures since the last success.
  int failures() const { return failures_; }

 private:
  static constexpr std::chrono::milliseconds kFirst{50};
  static constexpr std::chrono::milliseconds kLongest{10'000};
  std::chrono::milliseconds wait_ = kFirst;
  int failures_ = 0;
};

}  // namespace guidepost::worker
