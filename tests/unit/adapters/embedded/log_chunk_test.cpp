#include "adapters/embedded/log_chunk.hpp"

#include <gtest/gtest.h>

namespace guidepost::embedded {
namespace {

std::string sample() {
  ChunkBuilder builder;
  builder.add(from_unix_ms(1000), "key", "value");
  builder.add(from_unix_ms(-1), "", std::string("\0\xff", 2));
  return builder.take();
}

TEST(LogChunk, AChunkIsWrittenAsDocumented) {
  EXPECT_EQ(sample(), std::string("\x01"
                                  "\xe8\x03\x00\x00\x00\x00\x00\x00"
                                  "\x02"
                                  "\xd0\x0f\x03\x05"
                                  "keyvalue"
                                  "\x01\x00\x02\x00\xff",
                                  27));
}

TEST(LogChunk, RecordsComeBackAsTheyWereAdded) {
  const auto bytes = sample();
  ChunkReader chunk(bytes);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk.count(), 2U);
  EXPECT_EQ(chunk.newest(), from_unix_ms(1000));
  const auto first = chunk.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->time, from_unix_ms(1000));
  EXPECT_EQ(first->key, "key");
  EXPECT_EQ(first->value, "value");
  const auto second = chunk.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->time, from_unix_ms(-1));
  EXPECT_EQ(second->value, std::string_view("\0\xff", 2));
  EXPECT_FALSE(chunk.next());
  EXPECT_TRUE(chunk.ok());
}

TEST(LogChunk, BytesThatEndEarlyAreNoChunk) {
  const auto bytes = sample();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ChunkReader chunk(std::string_view(bytes).substr(0, length));
    while (chunk.next()) {
    }
    EXPECT_FALSE(chunk.ok()) << length;
  }
}

TEST(LogChunk, AnotherVersionIsNoChunk) {
  auto bytes = sample();
  bytes[0] = 2;
  EXPECT_FALSE(ChunkReader(bytes).ok());
}

TEST(LogChunk, ABuilderIsEmptyAfterwards) {
  ChunkBuilder builder;
  builder.add(from_unix_ms(5), "a", "b");
  builder.take();
  EXPECT_TRUE(builder.empty());
  builder.add(from_unix_ms(3), "c", "d");
  const auto bytes = builder.take();
  EXPECT_EQ(ChunkReader(bytes).newest(), from_unix_ms(3));
}

TEST(LogChunk, KeysSortByTopicPartitionAndOffset) {
  EXPECT_LT(chunk_key(1, Partition{2}, Offset{255}), chunk_key(1, Partition{2}, Offset{256}));
  EXPECT_LT(chunk_key(1, Partition{2}, Offset{INT64_MAX}), chunk_key(1, Partition{3}, Offset{0}));
  EXPECT_LT(chunk_key(1, Partition{999}, Offset{0}), chunk_key(2, Partition{0}, Offset{0}));
  EXPECT_EQ(first_offset(chunk_key(1, Partition{2}, Offset{123456789})), Offset{123456789});
}

}  // namespace
}  // namespace guidepost::embedded
