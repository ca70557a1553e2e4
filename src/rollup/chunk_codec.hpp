// The bytes of a chunk, without copies: what Page writes from and what readers read into. The sizes
// here are those of the format, so that a page knows its encoded size without encoding (rule 13).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/codec.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::rollup {

constexpr std::size_t varint_bytes(std::uint64_t v) {
  return (static_cast<std::size_t>(std::bit_width(v | 1)) + 6) / 7;
}
constexpr std::size_t zigzag_bytes(std::int64_t v) {
  return varint_bytes((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
}

/// Sum of counters; wraps around, for what is stored may be hostile.
constexpr std::int64_t add_counters(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Adds to the sum of its currency; `sums` ascend by currency.
void add_money(std::vector<Money>& sums, const Money& money);

// A distinct count begins with a code: 0 = the list of kDevices (kUsers only), 1 + n = n hashes follow,
// kImageCode + n = an image of n bytes follows.
inline constexpr std::size_t kHashBytes = 6;
inline constexpr std::uint64_t kImageCode = 2 + StoredSketch::kInlineMax;
constexpr std::size_t sketch_list_bytes(std::size_t hashes) { return varint_bytes(1 + hashes) + hashes * kHashBytes; }
constexpr std::size_t sketch_image_bytes(std::size_t image) { return varint_bytes(kImageCode + image) + image; }

inline constexpr std::size_t kCurrencyBytes = 3;
constexpr std::size_t money_bytes(std::span<const Money> sums) {
  auto bytes = varint_bytes(sums.size());
  for (const auto& sum : sums) {
    bytes += kCurrencyBytes + zigzag_bytes(sum.revenue) + zigzag_bytes(sum.refunds) + zigzag_bytes(sum.orders);
  }
  return bytes;
}

/// Bytes of an entry without its counters, distinct counts and money.
constexpr std::size_t value_bytes(std::size_t value) { return varint_bytes(value) + value; }
/// Bytes of a body around its entries.
constexpr std::size_t body_overhead_bytes(std::size_t entries, std::size_t runs) {
  return varint_bytes(entries) + 2 + varint_bytes(runs);
}
/// Bytes of a run of entries of one dimension, traffic and bucket.
constexpr std::size_t run_bytes(std::size_t entries, std::size_t bucket_delta) {
  return 2 + varint_bytes(bucket_delta) + varint_bytes(entries);
}

/// A distinct count to write: a list, or else an image.
struct SketchRef {
  std::span<const std::uint64_t> hashes;
  std::string_view image;
};

/// An entry to write. Views must outlive the call.
struct EntryRef {
  Dimension dimension = Dimension::kTotal;
  event::Traffic traffic = event::Traffic::kHuman;
  Bucket bucket;
  std::string_view value;
  const std::array<std::int64_t, kCounterCount>* counters = nullptr;
  std::array<SketchRef, kDistinctCount> distinct;
  std::span<const Money> money;
};

struct ChunkHeader {
  RulesHash rules;
  Offset position;
  Offset first_offset;
  Span span = Span::kBucket;
  ChunkId id;
  std::uint8_t valid_bits = 0;
  std::uint64_t events = 0;
};

/// The earliest bucket, which the others are stored as distances from; 0 without entries.
Bucket chunk_first_bucket(std::span<const EntryRef> entries);
/// The uncompressed bytes of the entries, which ascend (asserted).
std::string encode_body(std::span<const EntryRef> entries);
std::string encode_chunk(const ChunkHeader& header, Bucket first_bucket, std::string_view body);

/// A distinct count as it was read: hashes of 6 bytes each, little endian, or else an image.
struct ReadSketch {
  std::string_view packed = {};
  std::string_view image = {};
  std::size_t size() const { return packed.size() / kHashBytes; }
  std::uint64_t operator[](std::size_t i) const {
    std::uint64_t hash = 0;
    std::memcpy(&hash, packed.data() + i * kHashBytes, kHashBytes);
    return hash;
  }
  void copy_hashes(std::vector<std::uint64_t>& out) const;  ///< `out` is replaced
};

struct ReadEntry {
  Dimension dimension = Dimension::kTotal;
  event::Traffic traffic = event::Traffic::kHuman;
  Bucket bucket;
  std::string_view value;
  std::array<std::int64_t, kCounterCount> counters{};
  std::array<ReadSketch, kDistinctCount> distinct;
  std::span<const Money> money;
};

/// Which columns of entries are wanted.
struct Columns {
  std::array<bool, kCounterCount> counters{};
  std::array<bool, kDistinctCount> distinct{};
  bool money = false;

  static Columns all();
};

/// A chunk that was read and checked; the views of its entries point into it. Use it again and again:
/// it keeps its memory.
class ChunkReader {
 public:
  /// Errors: kCorrupt.
  Result<void> read(std::string_view bytes);
  /// Only the entries of one dimension, and of them only some columns; the others are 0 or empty. The rest is passed over,
  /// and but for the checksum not looked at. Errors: kCorrupt.
  Result<void> read(std::string_view bytes, Dimension dimension, const Columns& columns = Columns::all());
  /// The header alone, without entries; the checksum covers all. Errors: kCorrupt.
  Result<void> read_header(std::string_view bytes);
  const ChunkHeader& header() const { return header_; }
  std::span<const ReadEntry> entries() const { return entries_; }

 private:
  /// Entries of a column before those that are read, those, and those after them.
  struct Part {
    std::size_t before = 0;
    std::size_t count = 0;
    std::size_t after = 0;
  };
  Result<void> decompress(std::string_view bytes);
  Result<void> read_body(std::optional<Dimension> only, const Columns& columns);
  Result<void> read_distincts(ByteReader& in, const Part& part, std::size_t kind);
  Result<Part> read_runs(ByteReader& in, std::uint64_t count, std::optional<Dimension> only);
  Result<void> read_money(ByteReader& in, const Part& part);

  /// The body as it is stored, valid while the bytes that were given are.
  struct StoredBody {
    std::uint8_t codec = 0;
    std::uint64_t size = 0;  ///< before compression
    Bucket first_bucket;
    std::string_view body;
  };

  ChunkHeader header_;
  StoredBody stored_;
  std::string body_;
  std::vector<ReadEntry> entries_;
  std::vector<Money> money_;  // of all entries, one after the other
};

}  // namespace guidepost::rollup
