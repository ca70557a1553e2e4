#include "base/spread.hpp"

#include <random>

namespace guidepost {
namespace {

std::uint64_t random_odd() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32) | random() | 1;
}

}  // namespace

const std::uint64_t kSpread = random_odd();

}  // namespace guidepost
