// A question reads one dimension of a chunk: it must get what a reader of all of it gets.
#include <gtest/gtest.h>

#include "rollup/chunk_codec.hpp"
#include "rollup/page.hpp"
#include "support/accepted_stream.hpp"

namespace guidepost::query {
namespace {

using event::Field;
using rollup::Dimension;

std::string shown(const rollup::ReadEntry& e) {
  std::string out(e.value);
  out += "|" + std::to_string(static_cast<int>(e.traffic)) + "|" + std::to_string(e.bucket.value);
  for (const auto n : e.counters) out += "," + std::to_string(n);
  for (const auto& d : e.distinct) out += "|" + std::string(d.packed) + "/" + std::string(d.image);
  for (const auto& m : e.money)
    out += "|" + std::string(m.currency.data(), 3) + std::to_string(m.revenue) + "," + std::to_string(m.orders);
  return out;
}

std::vector<std::string> chunks_of(std::uint64_t seed, int events) {
  test::RandomVisits visits(seed, 100, 700);
  rollup::Page page({"shop", rollup::Span::kBucket, Bucket{1'589'000}, SourceId{1}}, {.chunk_bytes = 8_KiB});
  for (int i = 0; i < events; ++i) {
    auto visit = visits();
    auto e = test::accepted(visit, Offset{i}, Bucket{1'589'000}.start());
    if (i % 3 == 0) e.text[Field::kProductId] = "p";
    if (i % 7 == 0) e.text[Field::kBrowser] = "b";
    if (i % 2 == 0) {
      e.text[Field::kCurrency] = i % 4 == 0 ? "EUR" : "USD";
      e.text[Field::kRevenueMinor] = "-100";
    }
    page.add(e, RulesHash{1});
    page.add({.cause = e.offset, .subject = e.offset, .sessions = 1, .exits = 1, .dwells = 1, .dwell_ms = 12'345}, e,
             RulesHash{1});
  }
  std::vector<std::string> chunks;
  for (auto& chunk : page.encode_dirty(Offset{events})) chunks.push_back(std::move(chunk.value));
  return chunks;
}

TEST(ReadOfOneDimension, GivesItsEntriesOfAllThatThereAre) {
  rollup::ChunkReader all, one;
  std::size_t compared = 0;
  for (const int events : {1, 20, 3000}) {
    for (const auto& chunk : chunks_of(static_cast<std::uint64_t>(events), events)) {
      ASSERT_TRUE(all.read(chunk));
      for (int d = 0; d < static_cast<int>(Dimension::kCount); ++d) {
        const auto dimension = static_cast<Dimension>(d);
        const auto ok = one.read(chunk, dimension);
        ASSERT_TRUE(ok) << ok.error().message;
        EXPECT_EQ(one.header().position, all.header().position);
        std::vector<std::string> expected, got;
        for (const auto& e : all.entries()) {
          if (e.dimension == dimension) expected.push_back(shown(e));
        }
        for (const auto& e : one.entries()) got.push_back(shown(e));
        ASSERT_EQ(got, expected) << rollup::to_string(dimension);
        compared += got.size();
      }
    }
  }
  EXPECT_GT(compared, 500U);
}

TEST(ReadOfOneDimension, RefusesWhatIsBroken) {
  auto chunk = chunks_of(1, 20).front();
  rollup::ChunkReader reader;
  for (std::size_t size = 0; size < chunk.size(); ++size)
    ASSERT_FALSE(reader.read(std::string_view(chunk).substr(0, size), Dimension::kTotal)) << size;
  chunk[chunk.size() / 2] = static_cast<char>(chunk[chunk.size() / 2] ^ 4);
  EXPECT_FALSE(reader.read(chunk, Dimension::kTotal));
}

}  // namespace
}  // namespace guidepost::query
