#include "rollup/chunk_codec.hpp"

#include <algorithm>
#include <compare>
#include <tuple>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "rollup/sketch.hpp"

namespace guidepost::rollup {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kPlain = 0;
constexpr std::uint8_t kZstd = 1;
constexpr int kZstdLevel = 1;
constexpr std::size_t kCompressFrom = 192;  // below, a frame's own bytes eat what it saves
constexpr std::size_t kMaxBody = std::size_t{32} * 1024 * 1024;
constexpr std::size_t kChecksum = 4;

auto order(const auto& e) { return std::tuple(e.dimension, e.traffic, e.bucket, std::string_view(e.value)); }
auto run_of(const auto& e) { return std::tuple(e.dimension, e.traffic, e.bucket); }

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "a page's chunk " + std::string(what));
}

bool equal_lists(const SketchRef& a, const SketchRef& b) {
  return a.image.empty() && b.image.empty() &&
         std::equal(a.hashes.begin(), a.hashes.end(), b.hashes.begin(), b.hashes.end());
}

void write_sketch(const SketchRef& sketch, ByteWriter& out) {
  if (!sketch.image.empty()) {
    out.varint(kImageCode + sketch.image.size());
    out.bytes(sketch.image);
    return;
  }
  GUIDEPOST_ASSERT(sketch.hashes.size() <= StoredSketch::kInlineMax);
  out.varint(1 + sketch.hashes.size());
  for (auto hash : sketch.hashes) {
    char bytes[kHashBytes];
    for (std::size_t i = 0; i < kHashBytes; ++i) bytes[i] = static_cast<char>(hash >> (8 * i));
    out.bytes({bytes, kHashBytes});
  }
}

void write_money(std::span<const Money> sums, ByteWriter& out) {
  out.varint(sums.size());
  for (const auto& sum : sums) {
    out.bytes({sum.currency.data(), kCurrencyBytes});
    out.zigzag(sum.revenue);
    out.zigzag(sum.refunds);
    out.zigzag(sum.orders);
  }
}

void write_runs(std::span<const EntryRef> entries, ByteWriter& out) {
  ByteWriter runs;
  std::size_t count = 0;
  const auto first_bucket = chunk_first_bucket(entries);
  for (std::size_t i = 0; i < entries.size();) {
    auto end = i + 1;
    while (end < entries.size() && run_of(entries[end]) == run_of(entries[i])) ++end;
    runs.u8(static_cast<std::uint8_t>(entries[i].dimension));
    runs.u8(static_cast<std::uint8_t>(entries[i].traffic));
    runs.varint(static_cast<std::uint64_t>(entries[i].bucket.value - first_bucket.value));
    runs.varint(end - i);
    ++count;
    i = end;
  }
  out.varint(count);
  out.bytes(runs.view());
}

Result<ReadSketch> read_sketch(ByteReader& in, std::size_t kind, const ReadSketch& devices) {
  const auto code = in.varint();
  if (code == 0) {
    if (kind != static_cast<std::size_t>(Distinct::kUsers) || !devices.image.empty())
      return corrupt("refers to a list that is not there");
    return devices;
  }
  if (code >= kImageCode) {
    ReadSketch sketch{{}, in.bytes(static_cast<std::size_t>(code - kImageCode))};
    if (!in.ok() || !is_canonical_image(sketch.image))
      return corrupt("holds an image that is no HLL_4 sketch of lgK 12");
    return sketch;
  }
  ReadSketch sketch{in.bytes(static_cast<std::size_t>(code - 1) * kHashBytes), {}};
  for (std::size_t i = 1; i < sketch.size(); ++i) {
    if (sketch[i - 1] >= sketch[i]) return corrupt("lists hashes out of order");
  }
  if (kind == static_cast<std::size_t>(Distinct::kUsers) && devices.image.empty() && sketch.packed == devices.packed) {
    return corrupt("repeats a list that it should refer to");
  }
  return sketch;
}

void skip_sketch(ByteReader& in) {
  const auto code = in.varint();
  if (code == 0) return;
  in.bytes(static_cast<std::size_t>(code >= kImageCode ? code - kImageCode : (code - 1) * kHashBytes));
}

void skip_money(ByteReader& in) {
  for (auto sums = in.varint(); sums > 0 && in.ok(); --sums) {
    in.bytes(kCurrencyBytes);
    in.skip_varints(3);
  }
}

}  // namespace

void add_money(std::vector<Money>& sums, const Money& money) {
  auto at = std::lower_bound(sums.begin(), sums.end(), money.currency,
                             [](const Money& m, const auto& currency) { return m.currency < currency; });
  if (at == sums.end() || at->currency != money.currency) at = sums.insert(at, Money{money.currency});
  at->revenue = add_counters(at->revenue, money.revenue);
  at->refunds = add_counters(at->refunds, money.refunds);
  at->orders = add_counters(at->orders, money.orders);
}

Bucket chunk_first_bucket(std::span<const EntryRef> entries) {
  const auto first = std::min_element(entries.begin(), entries.end(),
                                      [](const auto& a, const auto& b) { return a.bucket < b.bucket; });
  return first == entries.end() ? Bucket{} : first->bucket;
}

void ReadSketch::copy_hashes(std::vector<std::uint64_t>& out) const {
  out.resize(size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (*this)[i];
}

std::string encode_body(std::span<const EntryRef> entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) GUIDEPOST_ASSERT(order(entries[i - 1]) < order(entries[i]));
  ByteWriter out;
  out.varint(entries.size());
  out.u8(kCounterCount);
  out.u8(kDistinctCount);
  write_runs(entries, out);
  for (const auto& entry : entries) out.text(entry.value);
  for (std::size_t c = 0; c < kCounterCount; ++c) {
    for (const auto& entry : entries) out.zigzag((*entry.counters)[c]);
  }
  for (std::size_t d = 0; d < kDistinctCount; ++d) {
    for (const auto& entry : entries) {
      const bool refers =
          d == static_cast<std::size_t>(Distinct::kUsers) && equal_lists(entry.distinct[0], entry.distinct[d]);
      refers ? out.varint(0) : write_sketch(entry.distinct[d], out);
    }
  }
  for (const auto& entry : entries) write_money(entry.money, out);
  return std::move(out).take();
}

std::string encode_chunk(const ChunkHeader& header, Bucket first_bucket, std::string_view body) {
  std::string packed;
  if (body.size() >= kCompressFrom) packed = compress_zstd(body, kZstdLevel);
  const bool pays = !packed.empty() && packed.size() < body.size();
  ByteWriter out;
  out.reserve((pays ? packed.size() : body.size()) + 64);
  out.u8(kVersion);
  out.u8(pays ? kZstd : kPlain);
  out.u8(static_cast<std::uint8_t>(header.span));
  out.u8(header.id.bits);
  out.u8(header.id.chunk);
  out.u8(header.valid_bits);
  out.fixed64(header.rules.value);
  out.varint(static_cast<std::uint64_t>(header.position.value));
  out.varint(static_cast<std::uint64_t>(header.first_offset.value));
  out.varint(header.events);
  out.zigzag(first_bucket.value);
  out.varint(body.size());
  out.bytes(pays ? packed : body);
  out.fixed32(crc32(out.view()));
  return std::move(out).take();
}

Columns Columns::all() {
  Columns columns;
  columns.counters.fill(true);
  columns.distinct.fill(true);
  columns.money = true;
  return columns;
}

Result<void> ChunkReader::read_header(std::string_view bytes) {
  entries_.clear();
  if (bytes.size() <= kChecksum) return corrupt("is too short");
  const auto content = bytes.substr(0, bytes.size() - kChecksum);
  if (ByteReader(bytes.substr(content.size())).fixed32() != crc32(content)) return corrupt("has a wrong checksum");
  ByteReader in(content);
  const auto version = in.u8();
  if (version != kVersion) {
    return corrupt("has version " + std::to_string(version) + ", which this program does not read");
  }
  stored_.codec = in.u8();
  const auto span = in.u8();
  header_ = {};
  header_.span = static_cast<Span>(span);
  header_.id.bits = in.u8();
  header_.id.chunk = in.u8();
  header_.valid_bits = in.u8();
  header_.rules = RulesHash{in.fixed64()};
  const auto position = in.varint();
  const auto first_offset = in.varint();
  header_.events = in.varint();
  const auto first_bucket = in.zigzag();
  stored_.size = in.varint();
  const bool numbers_fit =
      position <= INT64_MAX && first_offset <= position && first_bucket >= INT32_MIN && first_bucket <= INT32_MAX;
  const bool is_first = header_.id.chunk == 0;
  if (!in.ok() || !numbers_fit || span > static_cast<std::uint8_t>(Span::kDay) || !is_chunk(header_.id) ||
      header_.valid_bits > kMaxBits || (!is_first && (header_.valid_bits != 0 || header_.events != 0)) ||
      stored_.size > kMaxBody) {
    return corrupt("has a header that cannot be");
  }
  header_.position = Offset{static_cast<std::int64_t>(position)};
  header_.first_offset = Offset{static_cast<std::int64_t>(first_offset)};
  stored_.first_bucket = Bucket{static_cast<std::int32_t>(first_bucket)};
  stored_.body = in.bytes(in.remaining());
  return {};
}

Result<void> ChunkReader::read(std::string_view bytes) {
  return decompress(bytes).and_then([this] { return read_body(std::nullopt, Columns::all()); });
}

Result<void> ChunkReader::read(std::string_view bytes, Dimension dimension, const Columns& columns) {
  return decompress(bytes).and_then([&] { return read_body(dimension, columns); });
}

Result<void> ChunkReader::decompress(std::string_view bytes) {
  if (auto ok = read_header(bytes); !ok) return ok;
  if (stored_.codec == kPlain && stored_.body.size() == stored_.size) {
    body_.assign(stored_.body);
  } else if (stored_.codec != kZstd || !decompress_zstd(stored_.body, static_cast<std::size_t>(stored_.size), body_)) {
    return corrupt("cannot be decompressed");
  }
  return {};
}

Result<ChunkReader::Part> ChunkReader::read_runs(ByteReader& in, std::uint64_t count, std::optional<Dimension> only) {
  const auto runs = in.varint();
  Part part;
  std::size_t next = 0;
  std::uint8_t last = 0;
  for (std::uint64_t r = 0; r < runs && in.ok(); ++r) {
    const auto dimension = in.u8();
    const auto traffic = in.u8();
    const auto delta = in.varint();
    const auto length = in.varint();
    if (dimension >= static_cast<std::uint8_t>(Dimension::kCount) || dimension < last ||
        traffic > static_cast<std::uint8_t>(event::Traffic::kBot) || delta >= kBucketsPerDay || length == 0 ||
        length > count - next || (is_chunked(static_cast<Dimension>(dimension)) != (header_.id.chunk != 0))) {
      return corrupt("has a run that cannot be");
    }
    last = dimension;
    next += static_cast<std::size_t>(length);
    if (only && *only != static_cast<Dimension>(dimension)) {
      (part.count == 0 ? part.before : part.after) += static_cast<std::size_t>(length);
      continue;
    }
    part.count += static_cast<std::size_t>(length);
    ReadEntry entry;
    entry.dimension = static_cast<Dimension>(dimension);
    entry.traffic = static_cast<event::Traffic>(traffic);
    entry.bucket = Bucket{static_cast<std::int32_t>(stored_.first_bucket.value + static_cast<std::int64_t>(delta))};
    entries_.resize(part.count, entry);
  }
  if (!in.ok() || next != count) return corrupt("ends early");
  return part;
}

Result<void> ChunkReader::read_body(std::optional<Dimension> only, const Columns& columns) {
  ByteReader in(body_);
  const auto count = in.varint();
  const auto counters = in.u8();
  const auto distincts = in.u8();
  // Each entry takes a byte at least of every column: what is allocated is bounded by what came.
  if (!in.ok() || counters > kCounterCount || distincts > kDistinctCount || count > body_.size())
    return corrupt("has columns that cannot be");
  const auto part = read_runs(in, count, only);
  if (!part) return tl::unexpected(part.error());
  if (only && part->count == 0) return {};
  const auto skip = [](std::size_t n, auto one) {
    for (std::size_t i = 0; i < n; ++i) one();
  };
  const auto skip_text = [&] { in.text(); };
  skip(part->before, skip_text);
  for (auto& entry : entries_) entry.value = in.text();
  skip(part->after, skip_text);
  if (!in.ok()) return corrupt("ends early");
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    if (order(entries_[i - 1]) >= order(entries_[i])) return corrupt("has entries out of order");
  }
  for (std::size_t c = 0; c < counters; ++c) {
    if (!columns.counters[c]) {
      in.skip_varints(count);
      continue;
    }
    in.skip_varints(part->before);
    for (auto& entry : entries_) entry.counters[c] = in.zigzag();
    in.skip_varints(part->after);
  }
  // Behind the last column that is wanted is nothing to pass over.
  auto last = columns.money ? distincts : std::uint8_t{0};
  for (std::uint8_t d = 0; d < distincts; ++d) {
    if (columns.distinct[d]) last = std::max<std::uint8_t>(last, d + 1);
  }
  for (std::size_t d = 0; d < last; ++d) {
    if (auto ok = read_distincts(in, *part, d); !ok) return ok;
  }
  if (columns.money) {
    if (auto ok = read_money(in, *part); !ok) return ok;
  }
  if (!in.ok() || (!only && !in.at_end())) return corrupt("ends early or late");
  return {};
}

Result<void> ChunkReader::read_distincts(ByteReader& in, const Part& part, std::size_t kind) {
  for (std::size_t i = 0; i < part.before; ++i) skip_sketch(in);
  for (auto& entry : entries_) {
    auto sketch = read_sketch(in, kind, entry.distinct[0]);
    if (!sketch) return tl::unexpected(sketch.error());
    entry.distinct[kind] = *sketch;
  }
  for (std::size_t i = 0; i < part.after; ++i) skip_sketch(in);
  return {};
}

Result<void> ChunkReader::read_money(ByteReader& in, const Part& part) {
  money_.clear();
  std::vector<std::size_t> ends;
  ends.reserve(entries_.size());
  for (std::size_t i = 0; i < part.before && in.ok(); ++i) skip_money(in);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto count = in.varint();
    if (!in.ok() || count > in.remaining()) return corrupt("has more sums of money than it can hold");
    const auto first = money_.size();
    for (std::uint64_t k = 0; k < count; ++k) {
      const auto currency = in.bytes(kCurrencyBytes);
      if (!in.ok()) return corrupt("ends early");
      auto& sum = money_.emplace_back();
      std::copy(currency.begin(), currency.end(), sum.currency.begin());
      sum.revenue = in.zigzag();
      sum.refunds = in.zigzag();
      sum.orders = in.zigzag();
      if (k > 0 && money_[first + k - 1].currency >= sum.currency) return corrupt("has currencies out of order");
    }
    ends.push_back(money_.size());
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].money = std::span(money_).subspan(begin, ends[i] - begin);
    begin = ends[i];
  }
  return {};
}

std::string encode_chunk(const StoredChunk& chunk) {
  std::vector<EntryRef> entries;
  entries.reserve(chunk.entries.size());
  for (const auto& entry : chunk.entries) {
    EntryRef ref{entry.dimension, entry.traffic, entry.bucket, entry.value, &entry.counters, {}, entry.money};
    for (std::size_t d = 0; d < kDistinctCount; ++d)
      ref.distinct[d] = {entry.distinct[d].hashes, entry.distinct[d].image};
    entries.push_back(ref);
  }
  const ChunkHeader header{chunk.rules, chunk.position,   chunk.first_offset, chunk.span,
                           chunk.id,    chunk.valid_bits, chunk.events};
  return encode_chunk(header, chunk_first_bucket(entries), encode_body(entries));
}

Result<StoredChunk> decode_chunk(std::string_view bytes) {
  ChunkReader reader;
  if (auto ok = reader.read(bytes); !ok) return tl::unexpected(ok.error());
  const auto& header = reader.header();
  StoredChunk chunk{kVersion,    header.rules, header.position,   header.first_offset,
                    header.span, header.id,    header.valid_bits, header.events,
                    {}};
  chunk.entries.reserve(reader.entries().size());
  for (const auto& entry : reader.entries()) {
    auto& stored = chunk.entries.emplace_back();
    stored.dimension = entry.dimension;
    stored.traffic = entry.traffic;
    stored.bucket = entry.bucket;
    stored.value = entry.value;
    stored.counters = entry.counters;
    for (std::size_t d = 0; d < kDistinctCount; ++d) {
      entry.distinct[d].copy_hashes(stored.distinct[d].hashes);
      stored.distinct[d].image = entry.distinct[d].image;
    }
    stored.money.assign(entry.money.begin(), entry.money.end());
  }
  return chunk;
}

}  // namespace guidepost::rollup
