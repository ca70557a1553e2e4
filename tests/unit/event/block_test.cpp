#include "guidepost/event/block.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "guidepost/base/codec.hpp"
#include "support/sample_decisions.hpp"

namespace guidepost::event {
namespace {

using test::describe;
using test::sample_decisions;

std::string with_checksum(std::string_view content) {
  ByteWriter out;
  out.bytes(content);
  out.fixed32(crc32(content));
  return std::move(out).take();
}

// Many events of few and of many distinct values, as a real block has them. `memory` keeps the texts.
Decisions large_decisions(std::size_t size, std::vector<std::string>& memory) {
  std::mt19937_64 random(20150517);
  memory.clear();
  memory.reserve(size * 3);
  Decisions d;
  d.from = Offset{0};
  d.to = Offset{static_cast<std::int64_t>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    Accepted e;
    e.offset = Offset{static_cast<std::int64_t>(i)};
    e.record_time = from_unix_ms(1'431'864'000'000 + static_cast<std::int64_t>(i));
    e.time = from_unix_ms(1'431'864'000'000 - static_cast<std::int64_t>(random() % 100000));
    e.text[Field::kMerchant] = "shop";
    e.text[Field::kEventId] = memory.emplace_back(fmt::format("{:016x}", random()));
    e.text[Field::kUrl] = memory.emplace_back(fmt::format("/products/{}", random() % (size / 3 + 1)));
    e.text[Field::kCountry] = memory.emplace_back(i % 3 == 0 ? "" : fmt::format("C{}", random() % 9));
    d.accepted.push_back(e);
  }
  return d;
}

TEST(Block, GivesBackWhatWasEncoded) {
  const auto decisions = sample_decisions();
  const auto block = Block::decode(encode_block(decisions));
  ASSERT_TRUE(block.has_value()) << block.error().message;
  EXPECT_EQ(describe(block->decisions()), describe(decisions));
}

TEST(Block, OfManyEventsWithDictionariesOfEverySizeIsReadBack) {
  for (const std::size_t size : {1UL, 2UL, 3UL, 500UL, 2000UL, 65536UL}) {
    std::vector<std::string> memory;
    const auto decisions = large_decisions(size, memory);
    const auto block = Block::decode(encode_block(decisions));
    ASSERT_TRUE(block.has_value()) << size << ": " << block.error().message;
    EXPECT_EQ(describe(block->decisions()), describe(decisions)) << size;
  }
}

TEST(Block, IndexesOfADictionaryTakeOneByteUpToTheLastEntryThatFits) {
  for (const std::size_t distinct : {1UL, 2UL, 255UL, 256UL, 257UL}) {
    std::vector<std::string> memory;
    auto decisions = large_decisions(distinct * 2, memory);
    for (std::size_t i = 0; i < decisions.accepted.size(); ++i) {
      decisions.accepted[i].text[Field::kTitle] = memory[i / 2 * 3];  // the first ids, each twice
    }
    const auto block = Block::decode(encode_block(decisions));
    ASSERT_TRUE(block.has_value()) << distinct << ": " << block.error().message;
    EXPECT_EQ(describe(block->decisions()), describe(decisions)) << distinct;
  }
}

TEST(Block, BytesDependOnValuesAndNotOnWhereTheyAre) {
  std::vector<std::string> first, second;
  EXPECT_EQ(encode_block(large_decisions(500, first)), encode_block(large_decisions(500, second)));
}

TEST(Block, OfHolesAloneIsStillABlock) {
  Decisions d;
  d.from = Offset{5};
  d.to = Offset{8};
  d.skipped = {{Offset{5}, from_unix_ms(10)}, {Offset{6}, from_unix_ms(10)}, {Offset{7}, from_unix_ms(9)}};
  const auto block = Block::decode(encode_block(d));
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(describe(block->decisions()), describe(d));
}

TEST(Block, KeepsTheGreatestAndTheLeastNumbers) {
  Decisions d;
  d.source = SourceId{UINT32_MAX};
  d.from = Offset{INT64_MAX - kMaxBlockOffsets};
  d.to = d.from + 2;
  d.run = RunId{UINT64_MAX};
  d.accepted.resize(2);
  d.accepted[0].offset = d.from;
  d.accepted[0].record_time = from_unix_ms(INT64_MIN);
  d.accepted[0].time = from_unix_ms(INT64_MAX);
  d.accepted[1].offset = d.from + 1;
  d.accepted[1].record_time = from_unix_ms(INT64_MAX);
  d.accepted[1].time = from_unix_ms(INT64_MIN);
  const auto block = Block::decode(encode_block(d));
  ASSERT_TRUE(block.has_value()) << block.error().message;
  EXPECT_EQ(describe(block->decisions()), describe(d));
}

TEST(Block, ViewsStayGoodWhenItIsMoved) {
  auto made = Block::decode(encode_block(sample_decisions()));
  ASSERT_TRUE(made.has_value());
  std::vector<Block> blocks;
  blocks.push_back(std::move(*made));
  blocks.reserve(100);
  EXPECT_EQ(describe(blocks[0].decisions()), describe(sample_decisions()));
}

TEST(Block, CutAnywhereIsCorrupt) {
  const auto bytes = encode_block(sample_decisions());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto block = Block::decode(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(block.has_value()) << size;
    EXPECT_EQ(block.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Block, WithAnyByteChangedIsCorrupt) {
  const auto bytes = encode_block(sample_decisions());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    EXPECT_FALSE(Block::decode(changed).has_value()) << at;
  }
}

// The checksum holds off accidents only; whoever can compute it must not be able to crash a reader.
TEST(Block, WithAnyByteChangedUnderAGoodChecksumNeverCrashes) {
  const auto bytes = encode_block(sample_decisions());
  const auto content = bytes.substr(0, bytes.size() - 4);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < content.size(); ++at) {
    for (int value = 0; value < 256; value += 5) {
      auto changed = content;
      changed[at] = static_cast<char>(value);
      refused += Block::decode(with_checksum(changed)).has_value() ? 0U : 1U;
    }
  }
  EXPECT_GT(refused, content.size());
}

TEST(Block, ClaimingMoreThanItsBytesCanHoldIsRefusedBeforeAnythingIsAllocated) {
  const auto header = [](std::uint64_t size, std::uint64_t accepted, std::uint64_t body) {
    ByteWriter out;
    out.u8(3);
    out.varint(0);
    out.varint(0);
    out.varint(size);
    out.fixed64(0);
    out.varint(0);
    out.varint(0);
    out.varint(accepted);
    for (int i = 0; i < 3; ++i) out.varint(0);
    out.varint(body);
    out.bytes("0123456789");
    return with_checksum(out.view());
  };
  EXPECT_FALSE(Block::decode(header(1, 1, std::uint64_t{1} << 40)).has_value());
  EXPECT_FALSE(Block::decode(header(UINT64_MAX, UINT64_MAX, 10)).has_value());
  EXPECT_FALSE(Block::decode(header(std::uint64_t{1} << 30, std::uint64_t{1} << 30, 2000)).has_value());
  EXPECT_FALSE(Block::decode(header(0, 0, 10)).has_value());
}

TEST(Block, OfALaterVersionSaysSo) {
  auto content = encode_block(sample_decisions());
  content.resize(content.size() - 4);
  content[0] = 5;
  const auto block = Block::decode(with_checksum(content));
  ASSERT_FALSE(block.has_value());
  EXPECT_NE(block.error().message.find("version 5"), std::string::npos) << block.error().message;
}

using BlockDeathTest = ::testing::Test;

TEST(BlockDeathTest, DecisionsThatLeaveAnOffsetOutAreABug) {
  auto d = sample_decisions();
  d.duplicates.clear();
  EXPECT_DEATH(encode_block(d), "");
}

TEST(BlockDeathTest, AnOffsetDecidedTwiceIsABug) {
  auto d = sample_decisions();
  d.duplicates[0].offset = d.bad[0].offset;
  EXPECT_DEATH(encode_block(d), "");
}

}  // namespace
}  // namespace guidepost::event
