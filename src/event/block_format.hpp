// What the writer and the reader of blocks share. Format: proto/block.md.
#pragma once

#include <cstdint>

namespace guidepost::event {

inline constexpr std::uint8_t kBlockVersion = 4;
/// A run of outcomes is one number: its length above these bits, the outcome in them.
inline constexpr int kOutcomeBits = 3;
inline constexpr std::uint64_t kOutcomeMask = (1 << kOutcomeBits) - 1;
// What LZ4 can make of one byte at most: a body that claims more is refused before it is allocated.
inline constexpr std::uint64_t kMaxBlockExpansion = 255;
inline constexpr std::uint64_t kMaxBlockBody = std::uint64_t{1} << 30;

// Wraps around instead of overflowing; undone by the same.
inline std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace guidepost::event
