// The block: the record of the resolved log. Format: proto/block.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::event {

/// Most offsets of one block: a longer range is cut into several.
inline constexpr std::int64_t kMaxBlockOffsets = 65536;

/// Bytes of a block. A function of its argument: equal decisions give equal bytes.
/// Errors: none; the decisions must cover [from, to) exactly, and 1 to kMaxBlockOffsets (asserted).
std::string encode_block(const Decisions& decisions);

/// A block that was read: the decisions, and the memory that their views point into. Moving it
/// keeps the views good.
class Block {
 public:
  /// Errors: kCorrupt (checksum, version, offsets that do not cover the range). Any bytes may be
  /// given; what is allocated is bounded by a small multiple of their size.
  static Result<Block> decode(std::string_view bytes);
  const Decisions& decisions() const { return decisions_; }

 private:
  Block() = default;
  std::unique_ptr<char[]> memory_;
  Decisions decisions_;
};

}  // namespace guidepost::event
