// Hostile bytes where a page should be: nothing that is read may crash, and what was read must be writable and readable again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "guidepost/base/codec.hpp"
#include "rollup/chunk_codec.hpp"
#include "rollup/distinct_union.hpp"
#include "rollup/page.hpp"
#include "rollup/sketch.hpp"
#include "support/accepted_stream.hpp"

using namespace guidepost;
using namespace guidepost::rollup;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// The checksum is made right: it keeps accidents out, not enemies.
std::string with_checksum(std::string_view content) {
  ByteWriter out;
  out.bytes(content);
  out.fixed32(crc32(content));
  return std::move(out).take();
}

void go_on_with(const StoredChunk& chunk, const std::string& bytes) {
  const auto bucket = chunk.entries.empty() ? Bucket{1} : chunk.entries.front().bucket;
  if (chunk.position.value > INT64_MAX / 2) return;
  auto page = Page::load({"shop", chunk.span, bucket, SourceId{1}}, {}, {bytes});
  if (!page) return;
  if (bucket.value < 0 || bucket.value > 4'000'000) return;
  const test::Visit visit{.customer = "anna", .path = "/x", .referrer_domain = "r.org"};
  page->add(test::accepted(visit, page->position(), bucket.start()), RulesHash{1});
  for (const auto& cell : page->encode_dirty(page->position() + 1)) check(decode_chunk(cell.value).has_value());
}

/// Where a chunk can be read, each of its dimensions can be read alone, and together they are all of it.
void read_by_dimension(const std::string& bytes, std::optional<std::size_t> entries) {
  ChunkReader reader;
  std::size_t found = 0;
  for (int d = 0; d < static_cast<int>(Dimension::kCount); ++d) {
    const bool good = reader.read(bytes, static_cast<Dimension>(d)).has_value();
    check(good || !entries);
    if (good) found += reader.entries().size();
  }
  check(!entries || found == *entries);
}

/// What readers make of every distinct count there is, in the order of the chunk.
void unite(std::string_view bytes) {
  ChunkReader reader;
  if (!reader.read(bytes)) return;
  DistinctUnion all;
  for (const auto& entry : reader.entries()) {
    DistinctUnion united;
    for (const auto& sketch : entry.distinct) united.merge(sketch);
    (void)united.estimate();
    all.merge(united);
  }
  (void)all.estimate();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)decode_chunk(input);
  (void)parse_page_row(input);
  (void)parse_page_qualifier(input);
  const auto bytes = with_checksum(input);
  const auto chunk = decode_chunk(bytes);
  read_by_dimension(bytes, chunk ? std::optional(chunk->entries.size()) : std::nullopt);
  if (!chunk) return 0;
  const auto again = encode_chunk(*chunk);
  const auto reread = decode_chunk(again);
  check(reread.has_value() && encode_chunk(*reread) == again);
  for (const auto& entry : chunk->entries) {
    for (const auto& sketch : entry.distinct) {
      auto count = DistinctCount::load(sketch);
      check(count.has_value());
      for (std::uint64_t i = 0; i < 50; ++i) count->add((i * 0x9e3779b97f4aULL) >> 16);
      check(DistinctCount::load(count->store()).has_value());
    }
  }
  unite(bytes);
  go_on_with(*chunk, bytes);
  return 0;
}
