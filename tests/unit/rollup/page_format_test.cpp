#include "guidepost/rollup/page_format.hpp"

#include <gtest/gtest.h>

#include "guidepost/base/codec.hpp"
#include "rollup/sketch.hpp"
#include "support/golden.hpp"
#include "support/sample_chunk.hpp"

namespace guidepost::rollup {
namespace {

using test::bytes_of;
using test::hex_of;
using test::sample_chunk;
using test::sample_entry;

TEST(PageFormat, ReadsWhatItWrote) {
  const auto chunk = *decode_chunk(encode_chunk(sample_chunk()));
  EXPECT_EQ(chunk.rules, sample_chunk().rules);
  EXPECT_EQ(chunk.position, Offset{300});
  EXPECT_EQ(chunk.first_offset, Offset{7});
  EXPECT_EQ(chunk.valid_bits, 1);
  EXPECT_EQ(chunk.events, 3U);
  ASSERT_EQ(chunk.entries.size(), 2U);
  EXPECT_EQ(chunk.entries[0].counters, sample_chunk().entries[0].counters);
  EXPECT_EQ(chunk.entries[0].distinct[1].hashes, (std::vector<std::uint64_t>{1, 0xaabbccddeeff}))
      << "users refer to the devices' list";
  EXPECT_EQ(chunk.entries[0].distinct[2].hashes, std::vector<std::uint64_t>{5});
  EXPECT_EQ(chunk.entries[0].money, sample_chunk().entries[0].money);
  EXPECT_EQ(chunk.entries[1].value, "DE");
  EXPECT_EQ(chunk.entries[1].distinct[1].hashes, std::vector<std::uint64_t>{2});
}

TEST(PageFormat, HoldsADayWithItsBuckets) {
  StoredChunk chunk = sample_chunk();
  chunk.span = Span::kDay;
  chunk.entries.clear();
  for (int b = 0; b < 96; ++b)
    chunk.entries.push_back(sample_entry(Dimension::kTotal, "", {b, 0, 0, 0, 0}, {}, {}, Bucket{960 + b}));
  const auto read = *decode_chunk(encode_chunk(chunk));
  ASSERT_EQ(read.entries.size(), 96U);
  EXPECT_EQ(read.entries[95].bucket, Bucket{1055});
  EXPECT_EQ(read.entries[95].counters[0], 95);
}

TEST(PageFormat, CompressesWhatIsWorthIt) {
  StoredChunk chunk = sample_chunk();
  chunk.id = {0, 1};
  chunk.valid_bits = 0;
  chunk.events = 0;
  chunk.entries.clear();
  std::size_t plain = 0;
  for (int i = 0; i < 1000; ++i) {
    char name[40];
    plain += static_cast<std::size_t>(std::snprintf(name, sizeof name, "/shop/category/item-%04d", i)) + 20;
    chunk.entries.push_back(sample_entry(Dimension::kUrl, name, {1, 1, 0, 0, 0}, {static_cast<std::uint64_t>(i)},
                                         {static_cast<std::uint64_t>(i)}));
  }
  const auto bytes = encode_chunk(chunk);
  EXPECT_LT(bytes.size(), plain / 3);
  EXPECT_EQ(decode_chunk(bytes)->entries.size(), 1000U);
}

TEST(PageFormat, RefusesEveryCutAndEveryFlippedBit) {
  const auto bytes = encode_chunk(sample_chunk());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(decode_chunk(bytes.substr(0, i))) << "cut at " << i;
    auto flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    EXPECT_FALSE(decode_chunk(flipped)) << "bit of byte " << i;
  }
}

/// The same with a right checksum: what a hostile or broken writer would store.
std::string with_checksum(std::string content) {
  ByteWriter out;
  out.bytes(content);
  out.fixed32(crc32(content));
  return std::move(out).take();
}

TEST(PageFormat, SurvivesEveryFlippedByteBehindARightChecksum) {
  StoredChunk chunk = sample_chunk();
  DistinctCount dense;
  for (std::uint64_t i = 0; i < 300; ++i) dense.add(distinct_hash(std::to_string(i)));
  chunk.entries[0].distinct[1] = dense.store();
  for (const auto& content : {encode_chunk(sample_chunk()), encode_chunk(chunk)}) {
    for (std::size_t i = 0; i + 4 < content.size(); ++i) {
      for (const int flip : {1, 0x80, 0xff}) {
        auto broken = content.substr(0, content.size() - 4);
        broken[i] = static_cast<char>(broken[i] ^ flip);
        if (auto read = decode_chunk(with_checksum(broken))) EXPECT_TRUE(decode_chunk(encode_chunk(*read)));
      }
    }
  }
}

TEST(PageFormat, RefusesCurrenciesOutOfOrderAndTwice) {
  auto chunk = sample_chunk();
  std::swap(chunk.entries[0].money[0], chunk.entries[0].money[1]);
  EXPECT_FALSE(decode_chunk(encode_chunk(chunk)));
  chunk.entries[0].money[1].currency = chunk.entries[0].money[0].currency;
  EXPECT_FALSE(decode_chunk(encode_chunk(chunk)));
}

TEST(PageFormat, SaysWhichVersionItCannotRead) {
  auto content = encode_chunk(sample_chunk());
  content.resize(content.size() - 4);
  content[0] = 3;
  const auto read = decode_chunk(with_checksum(content));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(read.error().message.find("version 3"), std::string::npos) << read.error().message;
}

TEST(PageRow, SortsByMerchantThenSpanThenBucket) {
  const PageKey key{"shop", Span::kBucket, Bucket{0x01020304}, SourceId{}};
  const auto row = page_row(key);
  EXPECT_EQ(hex_of(row.substr(1)),
            "73686f70"
            "00"
            "00"
            "01020304");
  EXPECT_EQ(static_cast<unsigned char>(row[0]), hash64("shop") >> 56);
  EXPECT_EQ(*parse_page_row(row), key);
  EXPECT_LT(row, page_row("shop", Span::kBucket, Bucket{0x01020305}));
  EXPECT_LT(page_row("shop", Span::kBucket, Bucket{0x7fffffff}), page_row("shop", Span::kDay, Bucket{0}));
}

TEST(PageRow, RefusesKeysOfSomethingElse) {
  const auto row = page_row("shop", Span::kBucket, Bucket{5});
  EXPECT_FALSE(parse_page_row(""));
  EXPECT_FALSE(parse_page_row(row.substr(0, row.size() - 1)));
  auto salted = row;
  salted[0] = static_cast<char>(salted[0] + 1);
  EXPECT_FALSE(parse_page_row(salted));
}

TEST(PageQualifier, NamesChunkAndSource) {
  const auto name = page_qualifier({6, 64}, SourceId{0x01020304});
  EXPECT_EQ(hex_of(name), "064001020304");
  EXPECT_EQ(*parse_page_qualifier(name), (std::pair{ChunkId{6, 64}, SourceId{0x01020304}}));
  for (const auto* bad : {"064101020304", "074001020304", "010001020304", "0640010203", "06400102030405"}) {
    EXPECT_FALSE(parse_page_qualifier(bytes_of(bad))) << bad;
  }
}

}  // namespace
}  // namespace guidepost::rollup
