#include "guidepost/base/codec.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace guidepost {
namespace {

const std::vector<std::uint64_t> kNumbers{0, 1, 127, 128, 300, 16384, 0xffffffffU, INT64_MAX, UINT64_MAX, 5};

TEST(Varint, ComesBackAsItWasWritten) {
  ByteWriter out;
  for (const auto n : kNumbers) out.varint(n);
  ByteReader in(out.view());
  for (const auto n : kNumbers) EXPECT_EQ(in.varint(), n);
  EXPECT_TRUE(in.ok() && in.at_end());
  EXPECT_EQ(in.varint(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(Varint, GivesNothingAfterTheFirstMistake) {
  ByteReader in(std::string_view("\x05\x06", 2));
  in.bytes(3);
  EXPECT_EQ(in.varint(), 0U) << "though there are bytes";
  EXPECT_FALSE(in.ok());
  ByteReader over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  EXPECT_EQ(over.varint(), 0U);
  EXPECT_FALSE(over.ok());
}

TEST(Varint, IsSkippedByTheNumber) {
  ByteWriter out;
  for (const auto n : kNumbers) out.varint(n);
  for (std::size_t skipped = 0; skipped < kNumbers.size(); ++skipped) {
    ByteReader in(out.view());
    in.skip_varints(skipped);
    EXPECT_EQ(in.varint(), kNumbers[skipped]);
  }
  ByteReader in(out.view());
  in.skip_varints(kNumbers.size());
  EXPECT_TRUE(in.ok() && in.at_end());
  in.skip_varints(0);
  EXPECT_TRUE(in.ok());
  in.skip_varints(1);
  EXPECT_FALSE(in.ok());
  ByteReader cut("\x80\x80");
  cut.skip_varints(1);
  EXPECT_FALSE(cut.ok());
}

TEST(Zstd, DecompressesFrameAfterFrameAlsoAfterABrokenOne) {
  const std::string text(1000, 'x');
  const auto packed = compress_zstd(text, 1);
  std::string out;
  EXPECT_TRUE(decompress_zstd(packed, text.size(), out));
  EXPECT_EQ(out, text);
  EXPECT_FALSE(decompress_zstd(std::string_view(packed).substr(0, packed.size() - 2), text.size(), out));
  EXPECT_FALSE(decompress_zstd(packed, text.size() - 1, out));
  EXPECT_TRUE(decompress_zstd(packed, text.size(), out));
  EXPECT_EQ(out, text);
}

}  // namespace
}  // namespace guidepost
