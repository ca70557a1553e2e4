// The stored example that readers in other languages are tested with: tests/readers/page_test.py reads the same file and must
// see what is said here. GUIDEPOST_WRITE_GOLDEN=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "rollup/chunk_codec.hpp"
#include "rollup/page.hpp"
#include "rollup/sketch.hpp"
#include "support/accepted_stream.hpp"
#include "support/golden.hpp"

namespace guidepost::rollup {
namespace {

constexpr const char* kFile = GUIDEPOST_TESTS "/golden/page_dense.hex";
const PageKey kKey{"shop", Span::kBucket, Bucket{1'589'000}, SourceId{3}};

using test::bytes_of;
using test::hex_of;

std::vector<EncodedChunk> dense_page() {
  Page page(kKey, {.chunk_bytes = 16_KiB, .max_bits = 1});
  for (int i = 0; i < 5000; ++i) {
    test::Visit visit;
    visit.guid = "device-" + std::to_string(i * 7919 % 3000);
    if (i % 3 == 0) visit.customer = "customer-" + std::to_string(i % 900);
    const int spread = i % 1000;
    visit.path = "/page/" + std::to_string(spread < 500 ? 0 : spread < 600 ? 1 : 2 + spread % 38);
    page.add(test::accepted(visit, Offset{i}, kKey.bucket.start()), RulesHash{1});
  }
  return page.encode_dirty(Offset{5000});
}

/// What the page says, in the words of the file: row key, estimates, the uncompressed content of the cells.
std::string description(const std::vector<std::string>& cells) {
  std::uint64_t sum_of_urls = 0;
  std::ostringstream out;
  for (const auto& cell : cells) {
    const auto chunk = *decode_chunk(cell);
    for (const auto& entry : chunk.entries) {
      const auto estimate = [&](Distinct d) {
        return DistinctCount::load(entry.distinct[static_cast<std::size_t>(d)])->estimate();
      };
      if (entry.dimension == Dimension::kUrl) sum_of_urls += estimate(Distinct::kDevices);
      if (entry.dimension != Dimension::kTotal) continue;
      out << "devices=" << estimate(Distinct::kDevices) << "\nusers=" << estimate(Distinct::kUsers)
          << "\ncustomers=" << estimate(Distinct::kCustomers) << '\n';
    }
  }
  out << "sum_of_urls=" << sum_of_urls << '\n';
  return out.str();
}

TEST(GoldenPage, IsWhatTheProgramWritesToday) {
  std::vector<std::string> cells;
  for (auto& chunk : dense_page()) cells.push_back(std::move(chunk.value));
  if (std::getenv("GUIDEPOST_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(kFile);
    out << hex_of(page_row(kKey)) << '\n' << description(cells);
    for (const auto& cell : cells) out << hex_of(cell) << '\n';
  }
  std::ifstream in(kFile);
  ASSERT_TRUE(in) << kFile;
  std::string row;
  in >> row;
  EXPECT_EQ(row, hex_of(page_row(kKey)));
  std::string words;
  std::string line;
  std::vector<std::string> golden;
  while (in >> line) {
    if (line.find('=') != std::string::npos) {
      words += line + '\n';
      continue;
    }
    golden.push_back(bytes_of(line));
  }
  EXPECT_EQ(words, description(golden)) << "what the file's bytes say is what it says about them";
  EXPECT_EQ(words, description(cells));
  ASSERT_EQ(golden.size(), cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    // Compressed bytes may differ with another version of Zstandard; what is packed may not.
    EXPECT_EQ(encode_chunk(*decode_chunk(golden[i])), encode_chunk(*decode_chunk(cells[i])));
  }
}

}  // namespace
}  // namespace guidepost::rollup
