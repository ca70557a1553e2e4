// The page: all aggregates of one (merchant, span, bucket, chunk, source), packed into one cell.
// Format: proto/page.md. This header is the format alone; folding is in src/rollup.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::rollup {

/// What values are grouped by. Numbers are stored: append only. Chunk 0 holds the small ones;
/// others (is_chunked) are spread over chunks 1+h.
enum class Dimension : std::uint8_t {
  kTotal = 0,
  kType = 1,
  kUrl = 2,
  kCountry = 3,
  kUrlCountry = 4,  ///< value: url 0x00 country
  kReferrerDomain = 5,
  kDeviceClass = 6,
  kBrowser = 7,
  kOs = 8,
  kCampaign = 9,
  kChannel = 10,
  kProduct = 11,
  kEntryPage = 12,  ///< sessions and bounces by the page that they began on
  kExitPage = 13,   ///< sessions by the page that they ended on
  kCount
};
std::string_view to_string(Dimension d);
bool is_chunked(Dimension d);

/// Sums. Numbers are stored: append only. Signed: corrections may be negative on their way.
enum class Counter : std::uint8_t {
  kEvents = 0,
  kPageViews,
  kClicks,
  kPurchases,
  kIdentified,
  kSessions,  ///< that began here; of kExitPage: that ended there
  kBounces,
  kDwells,    ///< page views whose time on the page is known
  kDwellMs,   ///< and those times together
  kItems,     ///< bought: the quantities of purchases
  kRefunds,   ///< events with a negative revenue
  kCount
};
inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::kCount);

/// Signed sums of money in the smallest unit of a currency.
struct Money {
  std::array<char, 3> currency{};  ///< ISO 4217
  std::int64_t revenue = 0;        ///< of all events; refunds taken off
  std::int64_t refunds = 0;        ///< of it what was taken off: at most 0
  std::int64_t orders = 0;         ///< purchases with a revenue that is no refund
  bool operator==(const Money&) const = default;
};

/// Distinct counts. kCustomers is kept at kTotal only.
enum class Distinct : std::uint8_t { kDevices = 0, kUsers, kCustomers, kCount };
inline constexpr std::size_t kDistinctCount = static_cast<std::size_t>(Distinct::kCount);

/// The value into which new values fold once a page cannot be split further.
inline constexpr std::string_view kOther = "(other)";

/// Spans of pages. Numbers are stored. kDay: a closed UTC day; reserved, nothing writes it yet.
enum class Span : std::uint8_t { kBucket = 0, kDay = 1 };

inline constexpr std::uint32_t kBucketsPerDay = 96;

/// Which page. Row key: salt(merchant) merchant 0x00 span bucket(be32); qualifier: bits, chunk, source.
struct PageKey {
  std::string merchant;
  Span span = Span::kBucket;
  Bucket bucket;
  SourceId source;
  bool operator==(const PageKey&) const = default;
};

/// Chunks 1+h are told apart by at most this many bits of a value's hash.
inline constexpr std::uint8_t kMaxBits = 6;

/// Which cell of the page's row. Chunk 0 has bits 0 in its name; chunk 1+h of b bits has (b, h), h < 2^b.
struct ChunkId {
  std::uint8_t bits = 0;
  std::uint8_t chunk = 0;  ///< 0, or 1 + h
  bool operator==(const ChunkId&) const = default;
};

bool is_chunk(ChunkId id);

std::string page_row(const PageKey& key);
std::string page_qualifier(ChunkId chunk, SourceId source);
/// First row of a merchant's pages of a span at or after `bucket`; scans end at the row of a later bucket.
std::string page_row(std::string_view merchant, Span span, Bucket bucket);
/// Errors: kCorrupt.
Result<PageKey> parse_page_row(std::string_view row);  ///< source is 0: it is in the qualifier
Result<std::pair<ChunkId, SourceId>> parse_page_qualifier(std::string_view qualifier);
inline constexpr std::string_view kPageFamily = "p";

/// A distinct count as it is stored: the sorted 48-bit hashes while at most kInlineMax (exact), then
/// a compact image of an Apache DataSketches HLL_4 sketch, lgK 12, its coupons ascending.
struct StoredSketch {
  static constexpr std::size_t kInlineMax = 192;
  std::vector<std::uint64_t> hashes;  ///< ascending; used while `image` is empty
  std::string image;
};

struct StoredEntry {
  Dimension dimension = Dimension::kTotal;
  event::Traffic traffic = event::Traffic::kHuman;
  Bucket bucket;      ///< the base bucket (a day page holds 96)
  std::string value;  ///< empty at kTotal
  std::array<std::int64_t, kCounterCount> counters{};
  std::array<StoredSketch, kDistinctCount> distinct;
  std::vector<Money> money;  ///< ascending by currency
};

struct StoredChunk {
  std::uint8_t version = 2;
  RulesHash rules;      ///< of the last block that contributed to the page
  Offset position;      ///< the cell's timestamp
  Offset first_offset;  ///< of the page
  Span span = Span::kBucket;
  ChunkId id;
  std::uint8_t valid_bits = 0;  ///< in chunk 0: which b of the other chunks is valid
  std::uint64_t events = 0;     ///< in chunk 0: events so far
  std::vector<StoredEntry> entries;  ///< ascending by (dimension, traffic, bucket, value)
};

/// Equal chunks give equal bytes.
std::string encode_chunk(const StoredChunk& chunk);
/// Errors: kCorrupt (checksum, version, order).
Result<StoredChunk> decode_chunk(std::string_view bytes);

}  // namespace guidepost::rollup
