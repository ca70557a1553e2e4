#include "guidepost/event/block.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "event/column.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

constexpr std::uint8_t kVersion = 1;
// What LZ4 can make of one byte at most: a body that claims more is refused before it is allocated.
constexpr std::uint64_t kMaxExpansion = 255;
constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 30;
constexpr std::size_t kChecksumSize = 4;

struct Counts {
  std::uint64_t accepted = 0, bad = 0, duplicates = 0, skipped = 0;
  std::uint64_t sum() const { return accepted + bad + duplicates + skipped; }
};

// Outcome and record time of each offset of the range.
struct Timeline {
  std::vector<std::uint8_t> outcomes;
  std::vector<std::int64_t> times;
};

constexpr std::uint8_t kUnset = 0xff;

template <class List>
void lay(const List& list, Outcome outcome, Offset from, Timeline& line) {
  std::int64_t before = -1;
  for (const auto& item : list) {
    const std::int64_t index = item.offset - from;
    GUIDEPOST_ASSERT(index > before && index < static_cast<std::int64_t>(line.times.size()));
    before = index;
    auto& slot = line.outcomes[static_cast<std::size_t>(index)];
    GUIDEPOST_ASSERT(slot == kUnset);
    slot = static_cast<std::uint8_t>(outcome);
    line.times[static_cast<std::size_t>(index)] = unix_ms(item.record_time);
  }
}

Timeline timeline_of(const Decisions& d) {
  GUIDEPOST_ASSERT(d.from.value >= 0 && d.to > d.from && d.to - d.from <= kMaxBlockOffsets);
  const auto size = static_cast<std::size_t>(d.to - d.from);
  GUIDEPOST_ASSERT(d.accepted.size() + d.bad.size() + d.duplicates.size() + d.skipped.size() == size);
  Timeline line{std::vector<std::uint8_t>(size, kUnset), std::vector<std::int64_t>(size)};
  lay(d.accepted, Outcome::kAccepted, d.from, line);
  lay(d.bad, Outcome::kBad, d.from, line);
  lay(d.duplicates, Outcome::kDuplicate, d.from, line);
  lay(d.skipped, Outcome::kSkipped, d.from, line);
  return line;
}

// Wraps around instead of overflowing; undone by the same.
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Bytes of text per column of the accepted events.
using FieldSizes = std::array<std::size_t, kFieldCount>;

FieldSizes field_sizes(const std::vector<Accepted>& accepted) {
  FieldSizes sizes{};
  for (const auto& event : accepted) {
    for (std::size_t f = 0; f < kFieldCount; ++f) sizes[f] += event.text.values[f].size();
  }
  return sizes;
}

std::size_t body_bound(const Decisions& d, const FieldSizes& sizes) {
  const auto rows = static_cast<std::size_t>(d.to - d.from);
  std::size_t bound = 64 + rows * 24 + d.accepted.size() * 12;
  for (const auto size : sizes) {
    if (size != 0) bound += 12 + ColumnWriter::bound(d.accepted.size(), size);
  }
  bound += d.bad.size() * 19 + 3 * ColumnWriter::bound(d.bad.size(), 0);
  for (const auto& bad : d.bad) bound += bad.merchant.size() + bad.field.size() + bad.bytes.size();
  bound += ColumnWriter::bound(d.duplicates.size(), 0);
  for (const auto& duplicate : d.duplicates) bound += duplicate.merchant.size();
  return bound;
}

void write_timeline(const Timeline& line, BoundedWriter& out) {
  for (std::size_t i = 0; i < line.outcomes.size();) {
    std::size_t end = i + 1;
    while (end < line.outcomes.size() && line.outcomes[end] == line.outcomes[i]) ++end;
    out.varint((static_cast<std::uint64_t>(end - i) << 2) | line.outcomes[i]);
    i = end;
  }
  std::int64_t before = 0;
  for (const auto time : line.times) {
    out.zigzag(difference(time, before));
    before = time;
  }
}

void write_accepted(const std::vector<Accepted>& accepted, const FieldSizes& sizes, ColumnWriter& column,
                    std::vector<std::string_view>& values, BoundedWriter& out) {
  for (const auto& event : accepted) out.zigzag(difference(unix_ms(event.record_time), unix_ms(event.time)));
  for (const auto& event : accepted) {
    out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(event.resolved_by) |
                                     (static_cast<unsigned>(event.traffic) << 2)));
  }
  for (const auto& event : accepted) out.u8(event.flags);
  out.varint(kFieldCount - static_cast<std::size_t>(std::count(sizes.begin(), sizes.end(), std::size_t{0})));
  for (std::size_t f = 0; f < kFieldCount; ++f) {
    if (sizes[f] == 0) continue;
    out.require(10 + ColumnWriter::bound(accepted.size(), sizes[f]));
    out.varint(f);
    values.clear();
    for (const auto& event : accepted) values.push_back(event.text.values[f]);
    column.write(values, out);
  }
}

template <class List, class Value>
void write_texts_of(const List& list, Value value, ColumnWriter& column, std::vector<std::string_view>& values,
                    BoundedWriter& out) {
  values.clear();
  for (const auto& item : list) values.push_back(value(item));
  column.write(values, out);
}

void write_bad(const std::vector<Bad>& bad, ColumnWriter& column, std::vector<std::string_view>& values,
               BoundedWriter& out) {
  for (const auto& b : bad) out.u8(static_cast<std::uint8_t>(b.reason));
  for (const auto& b : bad) out.varint(b.full_size);
  for (const auto& b : bad) out.fixed64(b.full_hash);
  write_texts_of(bad, [](const Bad& b) { return b.merchant; }, column, values, out);
  write_texts_of(bad, [](const Bad& b) { return b.field; }, column, values, out);
  write_texts_of(bad, [](const Bad& b) { return b.bytes; }, column, values, out);
}

// --- reading ---

Error corrupt(std::string_view what) { return Error{ErrorCode::kCorrupt, fmt::format("block: {}", what)}; }

struct Header {
  Decisions decisions;  // lists empty
  Counts counts;
  std::uint64_t body_size = 0;
  std::string_view packed;
};

Result<Header> read_header(std::string_view bytes) {
  if (bytes.size() < 1 + kChecksumSize) return tl::unexpected(corrupt("shorter than the shortest one"));
  const auto content = bytes.substr(0, bytes.size() - kChecksumSize);
  if (ByteReader(bytes.substr(content.size())).fixed32() != crc32(content)) {
    return tl::unexpected(corrupt("the checksum does not fit"));
  }
  ByteReader in(content);
  if (const auto version = in.u8(); version != kVersion) {
    return tl::unexpected(corrupt(fmt::format("version {}, this program reads {}", version, kVersion)));
  }
  Header h;
  const auto source = in.varint();
  const auto from = in.varint();
  const auto size = in.varint();
  h.decisions.rules = RulesHash{in.fixed64()};
  h.decisions.run = RunId{in.varint()};
  for (auto* count : {&h.counts.accepted, &h.counts.bad, &h.counts.duplicates, &h.counts.skipped}) *count = in.varint();
  h.body_size = in.varint();
  h.packed = in.bytes(in.remaining());
  if (!in.ok()) return tl::unexpected(corrupt("the header ends early"));

  constexpr auto kLimit = static_cast<std::uint64_t>(kMaxBlockOffsets);
  for (const auto count : {h.counts.accepted, h.counts.bad, h.counts.duplicates, h.counts.skipped}) {
    if (count > kLimit) return tl::unexpected(corrupt("more outcomes than a block may have"));
  }
  if (source > UINT32_MAX || from > INT64_MAX - kLimit || size == 0 || size > kLimit || h.counts.sum() != size) {
    return tl::unexpected(corrupt("the range and the counts do not fit"));
  }
  if (h.body_size > kMaxBody || h.body_size > h.packed.size() * kMaxExpansion) {
    return tl::unexpected(corrupt("a body larger than its bytes can hold"));
  }
  h.decisions.source = SourceId{static_cast<std::uint32_t>(source)};
  h.decisions.from = Offset{static_cast<std::int64_t>(from)};
  h.decisions.to = h.decisions.from + static_cast<std::int64_t>(size);
  return h;
}

// Gives each offset its place in the list of its outcome.
bool read_timeline(ByteReader& in, const Counts& counts, Decisions& d) {
  const auto size = static_cast<std::uint64_t>(d.to - d.from);
  if (size > in.remaining()) return false;  // a time takes a byte at least
  std::vector<std::uint8_t> outcomes;
  outcomes.reserve(static_cast<std::size_t>(size));
  Counts seen;
  std::array<std::uint64_t*, 4> by_outcome{&seen.accepted, &seen.bad, &seen.duplicates, &seen.skipped};
  while (outcomes.size() < size) {
    const auto run = in.varint();
    const auto length = run >> 2;
    if (!in.ok() || length == 0 || length > size - outcomes.size()) return false;
    outcomes.insert(outcomes.end(), static_cast<std::size_t>(length), static_cast<std::uint8_t>(run & 3));
    *by_outcome[run & 3] += length;
  }
  if (seen.accepted != counts.accepted || seen.bad != counts.bad || seen.duplicates != counts.duplicates) return false;

  d.accepted.reserve(static_cast<std::size_t>(counts.accepted));
  d.bad.reserve(static_cast<std::size_t>(counts.bad));
  d.duplicates.reserve(static_cast<std::size_t>(counts.duplicates));
  d.skipped.reserve(static_cast<std::size_t>(counts.skipped));
  std::int64_t time = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    time = sum(time, in.zigzag());
    const auto offset = d.from + static_cast<std::int64_t>(i);
    switch (static_cast<Outcome>(outcomes[i])) {
      case Outcome::kAccepted: {
        auto& event = d.accepted.emplace_back();
        event.offset = offset;
        event.record_time = from_unix_ms(time);
        break;
      }
      case Outcome::kBad: {
        auto& bad = d.bad.emplace_back();
        bad.offset = offset;
        bad.record_time = from_unix_ms(time);
        break;
      }
      case Outcome::kDuplicate:
        d.duplicates.push_back({offset, from_unix_ms(time), {}});
        break;
      case Outcome::kSkipped:
        d.skipped.push_back({offset, from_unix_ms(time)});
        break;
    }
  }
  return in.ok();
}

bool read_accepted(ByteReader& in, std::vector<Accepted>& accepted) {
  for (auto& event : accepted) event.time = from_unix_ms(difference(unix_ms(event.record_time), in.zigzag()));
  for (auto& event : accepted) {
    const auto bits = in.u8();
    if (bits > 7) return false;
    event.resolved_by = static_cast<ResolvedBy>(bits & 3);
    event.traffic = static_cast<Traffic>(bits >> 2);
  }
  for (auto& event : accepted) event.flags = in.u8();
  const auto columns = in.varint();
  if (!in.ok() || columns > kFieldCount) return false;
  std::vector<std::string_view> values(accepted.size());
  std::int64_t before = -1;
  for (std::uint64_t c = 0; c < columns; ++c) {
    const auto field = in.varint();
    if (!in.ok() || field >= kFieldCount || static_cast<std::int64_t>(field) <= before) return false;
    before = static_cast<std::int64_t>(field);
    if (!read_column(in, values)) return false;
    for (std::size_t i = 0; i < accepted.size(); ++i) accepted[i].text.values[field] = values[i];
  }
  return true;
}

template <class List, class Set>
bool read_texts_of(ByteReader& in, List& list, Set set) {
  std::vector<std::string_view> values(list.size());
  if (!read_column(in, values)) return false;
  for (std::size_t i = 0; i < list.size(); ++i) set(list[i], values[i]);
  return true;
}

bool read_bad(ByteReader& in, std::vector<Bad>& bad) {
  for (auto& b : bad) {
    const auto reason = in.u8();
    if (reason >= static_cast<std::uint8_t>(Reason::kCount)) return false;
    b.reason = static_cast<Reason>(reason);
  }
  for (auto& b : bad) b.full_size = in.varint();
  for (auto& b : bad) b.full_hash = in.fixed64();
  return in.ok() && read_texts_of(in, bad, [](Bad& b, std::string_view v) { b.merchant = v; }) &&
         read_texts_of(in, bad, [](Bad& b, std::string_view v) { b.field = v; }) &&
         read_texts_of(in, bad, [](Bad& b, std::string_view v) { b.bytes = v; });
}

}  // namespace

std::string encode_block(const Decisions& d) {
  const auto line = timeline_of(d);
  const auto sizes = field_sizes(d.accepted);
  const auto bound = body_bound(d, sizes);
  GUIDEPOST_ASSERT(bound <= kMaxBody);

  const auto memory = std::make_unique_for_overwrite<char[]>(bound);
  BoundedWriter body(memory.get(), bound);
  ColumnWriter column(std::max({d.accepted.size(), d.bad.size(), d.duplicates.size()}));
  std::vector<std::string_view> values;
  values.reserve(d.accepted.size());
  write_timeline(line, body);
  if (!d.accepted.empty()) write_accepted(d.accepted, sizes, column, values, body);
  if (!d.bad.empty()) write_bad(d.bad, column, values, body);
  if (!d.duplicates.empty()) {
    write_texts_of(d.duplicates, [](const Duplicate& x) { return x.merchant; }, column, values, body);
  }
  body.varint(0);  // contributions: reserved
  body.require(0);

  const auto packed = compress_lz4(body.view());
  ByteWriter out;
  out.reserve(packed.size() + 64);
  out.u8(kVersion);
  out.varint(d.source.value);
  out.varint(static_cast<std::uint64_t>(d.from.value));
  out.varint(static_cast<std::uint64_t>(d.to - d.from));
  out.fixed64(d.rules.value);
  out.varint(d.run.value);
  for (const auto count : {d.accepted.size(), d.bad.size(), d.duplicates.size(), d.skipped.size()}) out.varint(count);
  out.varint(body.view().size());
  out.bytes(packed);
  out.fixed32(crc32(out.view()));
  return std::move(out).take();
}

Result<Block> Block::decode(std::string_view bytes) {
  auto header = read_header(bytes);
  if (!header) return tl::unexpected(header.error());

  Block block;
  const auto size = static_cast<std::size_t>(header->body_size);
  block.memory_ = std::make_unique_for_overwrite<char[]>(size);
  if (!decompress_lz4(header->packed, std::span<char>(block.memory_.get(), size))) {
    return tl::unexpected(corrupt("the body cannot be decompressed"));
  }
  block.decisions_ = std::move(header->decisions);
  auto& d = block.decisions_;
  ByteReader in(std::string_view(block.memory_.get(), size));
  if (!read_timeline(in, header->counts, d)) return tl::unexpected(corrupt("the outcomes do not cover the range"));
  if (!d.accepted.empty() && !read_accepted(in, d.accepted)) {
    return tl::unexpected(corrupt("the accepted events cannot be read"));
  }
  if (!d.bad.empty() && !read_bad(in, d.bad)) return tl::unexpected(corrupt("the bad events cannot be read"));
  if (!d.duplicates.empty() &&
      !read_texts_of(in, d.duplicates, [](Duplicate& x, std::string_view v) { x.merchant = v; })) {
    return tl::unexpected(corrupt("the duplicates cannot be read"));
  }
  if (in.varint() != 0 || !in.ok() || !in.at_end()) {
    return tl::unexpected(corrupt("contributions, which this program does not read"));
  }
  return block;
}

}  // namespace guidepost::event
