// Memory for a batch: many small pieces, freed together.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace guidepost {

/// Bump allocator for bytes. Pieces stay where they are until reset(); reset() keeps the memory.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = std::size_t{64} * 1024) : block_bytes_(block_bytes) {}
  char* allocate(std::size_t n);
  std::string_view copy(std::string_view bytes);
  /// Gives back the tail of the last piece allocated: it was `allocated` long, `used` is needed.
  void shrink_last(std::size_t allocated, std::size_t used);
  void reset();
  std::size_t capacity() const;

 private:
  struct Chunk {
    std::unique_ptr<char[]> memory;
    std::size_t size;
  };
  std::size_t block_bytes_;
  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;
  std::size_t used_ = 0;
};

}  // namespace guidepost
