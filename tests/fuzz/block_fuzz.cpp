// Any bytes as a block, under a good checksum too: refused, or what it says survives writing it again.
#include <cstdint>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "guidepost/event/block.hpp"
#include "support/sample_decisions.hpp"

using namespace guidepost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)event::Block::decode(bytes);
  ByteWriter with_checksum;
  with_checksum.bytes(bytes);
  with_checksum.fixed32(crc32(bytes));
  const auto block = event::Block::decode(with_checksum.view());
  if (!block) return 0;
  const auto again = event::Block::decode(event::encode_block(block->decisions()));
  GUIDEPOST_ASSERT(again.has_value());
  GUIDEPOST_ASSERT(test::describe(again->decisions()) == test::describe(block->decisions()));
  return 0;
}
