// Random numbers that are the same everywhere: the standard's distributions are not.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace guidepost::app {

/// SplitMix64 (Steele, Lea, Flood 2014): also a good hash of a number.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix64(seed)) {}
  std::uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15U); }
  /// 0 <= result < n.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double p) { return unit() < p; }

 private:
  std::uint64_t state_;
};

/// Zipf's law: rank r of n is drawn with a chance proportional to 1 / (r + 1).
class Zipf {
 public:
  explicit Zipf(std::size_t n) : cumulative_(n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) cumulative_[i] = sum += 1.0 / static_cast<double>(i + 1);
    for (auto& c : cumulative_) c /= sum;
  }
  std::size_t draw(Random& random) const {
    const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), random.unit());
    return std::min(static_cast<std::size_t>(at - cumulative_.begin()), cumulative_.size() - 1);
  }

 private:
  std::vector<double> cumulative_;
};

}  // namespace guidepost::app
