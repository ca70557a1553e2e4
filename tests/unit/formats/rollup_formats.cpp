// Pages.
#include <gtest/gtest.h>

#include "support/sample_chunk.hpp"
#include "unit/formats/formats.hpp"

namespace guidepost::test {
namespace {

using namespace rollup;

const PageKey kKey{"shop", Span::kBucket, Bucket{1'589'000}, SourceId{3}};

Golden write_page() {
  const auto chunk = sample_chunk();
  return Golden()
      .add("page", RowPut{page_row(kKey),
                          {{std::string(kPageFamily), page_qualifier(chunk.id, kKey.source), chunk.position.value,
                            encode_chunk(chunk)}}})
      .add("qualifier of a split page's last chunk", page_qualifier({6, 64}, kKey.source));
}

void read_page(const Golden& golden) {
  const auto row = golden.row("page");
  const auto key = parse_page_row(row.key);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(*key, (PageKey{kKey.merchant, kKey.span, kKey.bucket, {}}));
  const auto expected = sample_chunk();
  EXPECT_EQ(parse_page_qualifier(row.cells.at(0).qualifier), std::pair(expected.id, kKey.source));
  EXPECT_EQ(parse_page_qualifier(golden.bytes("qualifier of a split page's last chunk")),
            std::pair(ChunkId{6, 64}, kKey.source));
  const auto chunk = decode_chunk(row.cells.at(0).value);
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_EQ(chunk->version, 2);
  EXPECT_EQ(chunk->rules, expected.rules);
  EXPECT_EQ(chunk->position, expected.position);
  EXPECT_EQ(chunk->first_offset, expected.first_offset);
  EXPECT_EQ(chunk->span, expected.span);
  EXPECT_EQ(chunk->id, expected.id);
  EXPECT_EQ(chunk->valid_bits, expected.valid_bits);
  EXPECT_EQ(chunk->events, expected.events);
  ASSERT_EQ(chunk->entries.size(), expected.entries.size());
  for (std::size_t i = 0; i < expected.entries.size(); ++i) {
    const auto& entry = chunk->entries[i];
    EXPECT_EQ(entry.dimension, expected.entries[i].dimension);
    EXPECT_EQ(entry.traffic, expected.entries[i].traffic);
    EXPECT_EQ(entry.bucket, expected.entries[i].bucket);
    EXPECT_EQ(entry.value, expected.entries[i].value);
    EXPECT_EQ(entry.counters, expected.entries[i].counters);
    EXPECT_EQ(entry.money, expected.entries[i].money);
    for (std::size_t d = 0; d < kDistinctCount; ++d)
      EXPECT_EQ(entry.distinct[d].hashes, expected.entries[i].distinct[d].hashes);
  }
}

}  // namespace

std::vector<Format> rollup_formats() { return {{"page", "proto/page.md", write_page, read_page}}; }

}  // namespace guidepost::test
