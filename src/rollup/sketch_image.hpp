// Where things are in the image of a sketch: DataSketches' "HLL sketch memory layout", HLL_4, lgK 12, compact. Included by
// sketch.cpp and distinct_union.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace guidepost::rollup {

inline constexpr std::uint8_t kLgK = 12;
inline constexpr std::size_t kRegisters = std::size_t{1} << kLgK;
/// Coupons (26 bits of a hash, then the value of its register) before DataSketches goes from a set of them to the array.
inline constexpr std::size_t kMaxSet = kRegisters / 8 * 3 / 4;
inline constexpr int kCouponBits = 26;

inline constexpr std::size_t kFlagsAt = 5;
inline constexpr std::size_t kCurMinAt = 6;
inline constexpr std::size_t kModeAt = 7;
inline constexpr std::size_t kSetCountAt = 8;
inline constexpr std::size_t kSetStart = 12;
inline constexpr std::size_t kHipAt = 8;
inline constexpr std::size_t kKxq0At = 16;
inline constexpr std::size_t kKxq1At = 24;
inline constexpr std::size_t kNumAtCurMinAt = 32;
inline constexpr std::size_t kAuxCountAt = 36;
inline constexpr std::size_t kArrayStart = 40;
inline constexpr std::size_t kAuxStart = kArrayStart + kRegisters / 2;

inline constexpr char kSetMode = 1;
inline constexpr char kArrayMode = 2;
inline constexpr std::uint8_t kCompactFlag = 8;
inline constexpr std::uint8_t kOutOfOrderFlag = 16;
inline constexpr int kException = 15;  ///< a nibble whose value is in the list after the array
inline constexpr double kMaxEstimate = 0x1p62;

template <class T>
T read_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

inline std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

}  // namespace guidepost::rollup
