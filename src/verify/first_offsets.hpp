// Which rows something was counted from, as far as a person looks at them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "guidepost/base/ids.hpp"

namespace guidepost::verify {

/// The lowest of the offsets that it was given, each once, and whether there were more. Memory: fixed, for there is one for
/// every number that is counted again.
class FirstOffsets {
 public:
  static constexpr std::size_t kShown = 5;

  void add(Offset offset) {
    const auto end = kept_.begin() + size_;
    if (size_ == kept_.size() && offset >= kept_.back()) return;
    const auto at = std::lower_bound(kept_.begin(), end, offset);
    if (at != end && *at == offset) return;
    if (size_ < kept_.size()) ++size_;
    std::move_backward(at, kept_.begin() + size_ - 1, kept_.begin() + size_);
    *at = offset;
  }
  void add(const FirstOffsets& other) {
    for (std::size_t i = 0; i < other.size_; ++i) add(other.kept_[i]);
  }
  std::span<const Offset> shown() const { return std::span(kept_).first(std::min<std::size_t>(size_, kShown)); }
  bool more() const { return size_ > kShown; }

 private:
  std::array<Offset, kShown + 1> kept_{};  // ascending; the last one only says that there are more
  std::uint8_t size_ = 0;
};

}  // namespace guidepost::verify
