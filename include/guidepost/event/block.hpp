// The block: the record of the resolved log. Format: proto/block.md.
#pragma once

#include <string>
#include <string_view>

#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::event {

/// Bytes of a block. A function of its argument: equal decisions give equal bytes.
/// Errors: none; the decisions must cover [from, to) exactly (asserted).
std::string encode_block(const Decisions& decisions);

/// A block that was read: the decisions, and the memory that their views point into.
class Block {
 public:
  /// Errors: kCorrupt (checksum, version, offsets that do not cover the range).
  static Result<Block> decode(std::string_view bytes);
  const Decisions& decisions() const { return decisions_; }

 private:
  std::string memory_;
  Decisions decisions_;
};

}  // namespace guidepost::event
