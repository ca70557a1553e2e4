#include "base/arena.hpp"

#include <algorithm>

namespace guidepost {

void Arena::make_room(std::size_t n) {
  while (used_ < chunks_.size() && chunks_[used_].size < n) ++used_;
  if (used_ == chunks_.size()) {
    const auto size = std::max(n, block_bytes_);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  }
  next_ = chunks_[used_].memory.get();
  left_ = chunks_[used_].size;
  ++used_;
}

void Arena::shrink_last(std::size_t allocated, std::size_t used) {
  next_ -= allocated - used;
  left_ += allocated - used;
}

void Arena::reset() {
  used_ = 0;
  next_ = nullptr;
  left_ = 0;
}

std::size_t Arena::capacity() const {
  std::size_t total = 0;
  for (const auto& chunk : chunks_) total += chunk.size;
  return total;
}

}  // namespace guidepost
