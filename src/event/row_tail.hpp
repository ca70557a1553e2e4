// What the keys of event rows and bad rows end with: 0x00 time(be64) source(be32) offset(be64).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "guidepost/base/codec.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::event {

struct RowTail {
  TimeMs time;
  SourceId source;
  Offset offset;
};
inline constexpr std::size_t kRowTailBytes = 21;

inline void append_row_tail(ByteWriter& out, RowTail tail) {
  out.u8(0);
  out.be64(static_cast<std::uint64_t>(unix_ms(tail.time)));
  out.be32(tail.source.value);
  out.be64(static_cast<std::uint64_t>(tail.offset.value));
}

/// Of `bytes`, which has exactly kRowTailBytes and begins with 0x00.
inline RowTail parse_row_tail(std::string_view bytes) {
  ByteReader in(bytes);
  in.u8();
  RowTail tail;
  tail.time = from_unix_ms(static_cast<std::int64_t>(in.be64()));
  tail.source = SourceId{in.be32()};
  tail.offset = Offset{static_cast<std::int64_t>(in.be64())};
  return tail;
}

/// Timestamps of cells are never negative; a record time can be (a broken clock of a producer).
inline std::int64_t cell_time(TimeMs record_time) {
  const auto ms = unix_ms(record_time);
  return ms < 0 ? 0 : ms;
}

}  // namespace guidepost::event
