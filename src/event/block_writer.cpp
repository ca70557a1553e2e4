#include "guidepost/event/block.hpp"

#include <algorithm>
#include <array>

#include "event/block_format.hpp"
#include "event/column.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

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
  GUIDEPOST_ASSERT(d.accepted.size() + d.bad.size() + d.duplicates.size() + d.skipped.size() + d.lost.size() == size);
  Timeline line{std::vector<std::uint8_t>(size, kUnset), std::vector<std::int64_t>(size)};
  lay(d.accepted, Outcome::kAccepted, d.from, line);
  lay(d.bad, Outcome::kBad, d.from, line);
  lay(d.duplicates, Outcome::kDuplicate, d.from, line);
  lay(d.skipped, Outcome::kSkipped, d.from, line);
  lay(d.lost, Outcome::kLost, d.from, line);
  return line;
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

std::size_t columns_bound(std::size_t rows, const FieldSizes& sizes) {
  std::size_t bound = 10;
  for (const auto size : sizes) {
    if (size != 0) bound += 12 + ColumnWriter::bound(rows, size);
  }
  return bound;
}

std::size_t body_bound(const Decisions& d, const FieldSizes& sizes, const FieldSizes& earlier) {
  const auto rows = static_cast<std::size_t>(d.to - d.from);
  std::size_t bound = 64 + rows * 24 + d.accepted.size() * 12 + columns_bound(d.accepted.size(), sizes);
  bound += d.earlier.size() * 21 + columns_bound(d.earlier.size(), earlier) + d.changes.size() * 31;
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
    out.varint((static_cast<std::uint64_t>(end - i) << kOutcomeBits) | line.outcomes[i]);
    i = end;
  }
  std::int64_t before = 0;
  for (const auto time : line.times) {
    out.zigzag(difference(time, before));
    before = time;
  }
}

void write_columns(const std::vector<Accepted>& events, const FieldSizes& sizes, ColumnWriter& column,
                   std::vector<std::string_view>& values, BoundedWriter& out) {
  out.varint(kFieldCount - static_cast<std::size_t>(std::count(sizes.begin(), sizes.end(), std::size_t{0})));
  for (std::size_t f = 0; f < kFieldCount; ++f) {
    if (sizes[f] == 0) continue;
    out.require(10 + ColumnWriter::bound(events.size(), sizes[f]));
    out.varint(f);
    values.clear();
    for (const auto& event : events) values.push_back(event.text.values[f]);
    column.write(values, out);
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
  write_columns(accepted, sizes, column, values, out);
}

void write_earlier(const Decisions& d, const FieldSizes& sizes, ColumnWriter& column,
                   std::vector<std::string_view>& values, BoundedWriter& out) {
  out.varint(d.earlier.size());
  auto before = d.from;
  for (auto event = d.earlier.rbegin(); event != d.earlier.rend(); ++event) {
    GUIDEPOST_ASSERT(event->offset < before);
    out.varint(static_cast<std::uint64_t>(before - event->offset));
    before = event->offset;
  }
  std::int64_t time = 0;
  for (const auto& event : d.earlier) {
    out.zigzag(difference(unix_ms(event.time), time));
    time = unix_ms(event.time);
  }
  for (const auto& event : d.earlier) out.u8(static_cast<std::uint8_t>(event.traffic));
  if (!d.earlier.empty()) write_columns(d.earlier, sizes, column, values, out);
}

// -1, 0 and 1 as 0, 1 and 2: four of them in a byte.
std::uint8_t packed_counts(const SessionChange& c) {
  const auto bits = [](std::int8_t count, int shift) {
    GUIDEPOST_ASSERT(count >= -1 && count <= 1);
    return static_cast<unsigned>(count + 1) << shift;
  };
  return static_cast<std::uint8_t>(bits(c.sessions, 0) | bits(c.bounces, 2) | bits(c.exits, 4) | bits(c.dwells, 6));
}

void write_changes(const Decisions& d, BoundedWriter& out) {
  out.varint(d.changes.size());
  auto cause = d.from;
  for (const auto& change : d.changes) {
    GUIDEPOST_ASSERT(change.cause >= cause && change.subject <= change.cause && d.subject(change) != nullptr);
    out.varint(static_cast<std::uint64_t>(change.cause - cause));
    cause = change.cause;
  }
  for (const auto& change : d.changes) out.varint(static_cast<std::uint64_t>(change.cause - change.subject));
  for (const auto& change : d.changes) out.u8(packed_counts(change));
  for (const auto& change : d.changes) out.zigzag(change.dwell_ms);
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

}  // namespace

std::string encode_block(const Decisions& d) {
  const auto line = timeline_of(d);
  const auto sizes = field_sizes(d.accepted);
  const auto earlier = field_sizes(d.earlier);
  const auto bound = body_bound(d, sizes, earlier);
  GUIDEPOST_ASSERT(bound <= kMaxBlockBody);

  const auto memory = std::make_unique_for_overwrite<char[]>(bound);
  BoundedWriter body(memory.get(), bound);
  ColumnWriter column(std::max({d.accepted.size(), d.bad.size(), d.duplicates.size(), d.earlier.size()}));
  std::vector<std::string_view> values;
  values.reserve(std::max(d.accepted.size(), d.earlier.size()));
  write_timeline(line, body);
  if (!d.accepted.empty()) write_accepted(d.accepted, sizes, column, values, body);
  if (!d.bad.empty()) write_bad(d.bad, column, values, body);
  if (!d.duplicates.empty()) {
    write_texts_of(d.duplicates, [](const Duplicate& x) { return x.merchant; }, column, values, body);
  }
  write_earlier(d, earlier, column, values, body);
  write_changes(d, body);
  body.require(0);

  const auto packed = compress_lz4(body.view());
  ByteWriter out;
  out.reserve(packed.size() + 64);
  out.u8(kBlockVersion);
  out.varint(d.source.value);
  out.varint(static_cast<std::uint64_t>(d.from.value));
  out.varint(static_cast<std::uint64_t>(d.to - d.from));
  out.fixed64(d.era.rules.value);
  out.varint(static_cast<std::uint64_t>(d.era.from.value));
  out.varint(d.run.value);
  for (const auto count : {d.accepted.size(), d.bad.size(), d.duplicates.size(), d.skipped.size(), d.lost.size()})
    out.varint(count);
  out.varint(body.view().size());
  out.bytes(packed);
  out.fixed32(crc32(out.view()));
  return std::move(out).take();
}

}  // namespace guidepost::event
