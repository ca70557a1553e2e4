// Memory for a batch: many small pieces, freed together.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace guidepost {

/// Bump allocator for bytes. Pieces stay where they are until reset(); reset() keeps the memory.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = std::size_t{64} * 1024) : block_bytes_(block_bytes) {}
  char* allocate(std::size_t n) {
    if (n > left_) make_room(n);
    left_ -= n;
    return std::exchange(next_, next_ + n);
  }
  std::string_view copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    char* piece = allocate(bytes.size());
    std::memcpy(piece, bytes.data(), bytes.size());
    return {piece, bytes.size()};
  }
  template <class T>
    requires std::is_trivially_copyable_v<T>
  std::span<const T> copy(std::span<const T> items) {
    if (items.empty()) return {};
    std::size_t space = items.size_bytes() + alignof(T) - 1;
    void* place = allocate(space);
    place = std::align(alignof(T), items.size_bytes(), place, space);
    std::memcpy(place, items.data(), items.size_bytes());
    return {static_cast<const T*>(place), items.size()};
  }
  /// Gives back the tail of the last piece allocated: it was `allocated` long, `used` is needed.
  void shrink_last(std::size_t allocated, std::size_t used);
  void reset();
  std::size_t capacity() const;

 private:
  struct Chunk {
    std::unique_ptr<char[]> memory;
    std::size_t size;
  };
  void make_room(std::size_t n);

  std::size_t block_bytes_;
  std::vector<Chunk> chunks_;
  std::size_t used_ = 0;   // chunks: the last of them is that which pieces come from
  char* next_ = nullptr;   // in it
  std::size_t left_ = 0;   // behind it
};

}  // namespace guidepost
