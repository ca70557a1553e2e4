// A column of texts in a block: plain, or by a dictionary. Format: proto/block.md.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {

/// Appends to memory whose size was bounded before: no check and no growth per byte.
class BoundedWriter {
 public:
  BoundedWriter(char* begin, std::size_t size) : begin_(begin), at_(begin), end_(begin + size) {}
  /// At least `n` bytes are left. Once for a group of writes.
  void require(std::size_t n) const { GUIDEPOST_ASSERT(n <= static_cast<std::size_t>(end_ - at_)); }
  void u8(std::uint8_t v) { *at_++ = static_cast<char>(v); }
  void varint(std::uint64_t v) {
    while (v >= 0x80) {
      *at_++ = static_cast<char>(v | 0x80);
      v >>= 7;
    }
    *at_++ = static_cast<char>(v);
  }
  void zigzag(std::int64_t v) { varint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63)); }
  void fixed64(std::uint64_t v) { raw(&v, sizeof v); }
  void bytes(std::string_view v) { raw(v.data(), v.size()); }
  std::string_view view() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  void raw(const void* from, std::size_t n) {
    if (n != 0) std::memcpy(at_, from, n);
    at_ += n;
  }
  char* begin_;
  char* at_;
  char* end_;
};

/// Writes columns; keeps its dictionary's memory from one to the next.
/// Thread: one owner. Blocks: never.
class ColumnWriter {
 public:
  explicit ColumnWriter(std::size_t max_rows);
  /// Bytes that a column may take at most.
  static std::size_t bound(std::size_t rows, std::size_t text_bytes) { return text_bytes + rows * 12 + 32; }
  /// At most `max_rows` values.
  void write(std::span<const std::string_view> values, BoundedWriter& out);

 private:
  struct Slot {
    std::uint32_t generation = 0;
    std::uint32_t entry = 0;
    std::uint64_t hash = 0;
  };
  bool build_dictionary(std::span<const std::string_view> values);

  std::vector<Slot> slots_;
  std::uint32_t generation_ = 0;
  std::vector<std::string_view> entries_;
  std::vector<std::uint16_t> indexes_;
};

/// Reads `values.size()` values; views point into what `in` reads. False: not a column.
bool read_column(ByteReader& in, std::span<std::string_view> values);

}  // namespace guidepost::event
