#include "base/arena.hpp"

#include <algorithm>
#include <cstring>

namespace guidepost {

char* Arena::allocate(std::size_t n) {
  while (current_ < chunks_.size() && chunks_[current_].size - used_ < n) {
    ++current_;
    used_ = 0;
  }
  if (current_ == chunks_.size()) {
    const auto size = std::max(n, block_bytes_);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    used_ = 0;
  }
  char* piece = chunks_[current_].memory.get() + used_;
  used_ += n;
  return piece;
}

std::string_view Arena::copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  char* piece = allocate(bytes.size());
  std::memcpy(piece, bytes.data(), bytes.size());
  return {piece, bytes.size()};
}

void Arena::shrink_last(std::size_t allocated, std::size_t used) { used_ -= allocated - used; }

void Arena::reset() {
  current_ = 0;
  used_ = 0;
}

std::size_t Arena::capacity() const {
  std::size_t total = 0;
  for (const auto& chunk : chunks_) total += chunk.size;
  return total;
}

}  // namespace guidepost
