#include "guidepost/event/block.hpp"

#include <fmt/format.h>
#include <utility>

#include "event/block_format.hpp"
#include "event/column.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

constexpr std::size_t kChecksumSize = 4;

struct Counts {
  std::uint64_t accepted = 0, bad = 0, duplicates = 0, skipped = 0, lost = 0;
  std::uint64_t sum() const { return accepted + bad + duplicates + skipped + lost; }
};

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
  if (const auto version = in.u8(); version != kBlockVersion) {
    return tl::unexpected(corrupt(fmt::format("version {}, this program reads {}", version, kBlockVersion)));
  }
  Header h;
  const auto source = in.varint();
  const auto from = in.varint();
  const auto size = in.varint();
  h.decisions.era.rules = RulesHash{in.fixed64()};
  const auto era_from = in.varint();
  h.decisions.run = RunId{in.varint()};
  for (auto* count : {&h.counts.accepted, &h.counts.bad, &h.counts.duplicates, &h.counts.skipped, &h.counts.lost})
    *count = in.varint();
  h.body_size = in.varint();
  h.packed = in.bytes(in.remaining());
  if (!in.ok()) return tl::unexpected(corrupt("the header ends early"));

  constexpr auto kLimit = static_cast<std::uint64_t>(kMaxBlockOffsets);
  for (const auto count : {h.counts.accepted, h.counts.bad, h.counts.duplicates, h.counts.skipped, h.counts.lost}) {
    if (count > kLimit) return tl::unexpected(corrupt("more outcomes than a block may have"));
  }
  if (source > UINT32_MAX || from > INT64_MAX - kLimit || era_from > INT64_MAX || size == 0 || size > kLimit ||
      h.counts.sum() != size) {
    return tl::unexpected(corrupt("the range and the counts do not fit"));
  }
  if (h.body_size > kMaxBlockBody || h.body_size > h.packed.size() * kMaxBlockExpansion) {
    return tl::unexpected(corrupt("a body larger than its bytes can hold"));
  }
  h.decisions.era.from = Offset{static_cast<std::int64_t>(era_from)};
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
  std::array<std::uint64_t*, 5> by_outcome{&seen.accepted, &seen.bad, &seen.duplicates, &seen.skipped, &seen.lost};
  while (outcomes.size() < size) {
    const auto run = in.varint();
    const auto length = run >> kOutcomeBits;
    const auto outcome = run & kOutcomeMask;
    if (!in.ok() || length == 0 || length > size - outcomes.size() || outcome >= by_outcome.size()) return false;
    outcomes.insert(outcomes.end(), static_cast<std::size_t>(length), static_cast<std::uint8_t>(outcome));
    *by_outcome[outcome] += length;
  }
  if (seen.accepted != counts.accepted || seen.bad != counts.bad || seen.duplicates != counts.duplicates ||
      seen.skipped != counts.skipped)
    return false;

  d.accepted.reserve(static_cast<std::size_t>(counts.accepted));
  d.bad.reserve(static_cast<std::size_t>(counts.bad));
  d.duplicates.reserve(static_cast<std::size_t>(counts.duplicates));
  d.skipped.reserve(static_cast<std::size_t>(counts.skipped));
  d.lost.reserve(static_cast<std::size_t>(counts.lost));
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
      case Outcome::kLost:
        d.lost.push_back({offset, from_unix_ms(time)});
        break;
    }
  }
  return in.ok();
}

bool read_columns(ByteReader& in, std::vector<Accepted>& events) {
  const auto columns = in.varint();
  if (!in.ok() || columns > kFieldCount) return false;
  std::vector<std::string_view> values(events.size());
  std::int64_t before = -1;
  for (std::uint64_t c = 0; c < columns; ++c) {
    const auto field = in.varint();
    if (!in.ok() || field >= kFieldCount || static_cast<std::int64_t>(field) <= before) return false;
    before = static_cast<std::int64_t>(field);
    if (!read_column(in, values)) return false;
    for (std::size_t i = 0; i < events.size(); ++i) events[i].text.values[field] = values[i];
  }
  return true;
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
  return read_columns(in, accepted);
}

bool read_earlier(ByteReader& in, Decisions& d) {
  const auto count = in.varint();
  // An event changes two others at most: what is allocated is bounded by the events that are here.
  if (!in.ok() || count > 2 * d.accepted.size()) return false;
  d.earlier.resize(static_cast<std::size_t>(count));
  auto before = d.from.value;
  for (auto event = d.earlier.rbegin(); event != d.earlier.rend(); ++event) {
    const auto back = in.varint();
    if (!in.ok() || back == 0 || back > static_cast<std::uint64_t>(before)) return false;
    before -= static_cast<std::int64_t>(back);
    event->offset = Offset{before};
  }
  std::int64_t time = 0;
  for (auto& event : d.earlier) {
    time = sum(time, in.zigzag());
    event.time = from_unix_ms(time);
  }
  for (auto& event : d.earlier) {
    const auto traffic = in.u8();
    if (traffic > static_cast<std::uint8_t>(Traffic::kBot)) return false;
    event.traffic = static_cast<Traffic>(traffic);
  }
  return count == 0 || read_columns(in, d.earlier);
}

bool read_counts(std::uint8_t bits, SessionChange& change) {
  for (auto* count : {&change.sessions, &change.bounces, &change.exits, &change.dwells}) {
    if ((bits & 3) == 3) return false;
    *count = static_cast<std::int8_t>((bits & 3) - 1);
    bits = static_cast<std::uint8_t>(bits >> 2);
  }
  return true;
}

bool read_changes(ByteReader& in, Decisions& d) {
  const auto count = in.varint();
  if (!in.ok() || count > 3 * d.accepted.size()) return false;
  d.changes.resize(static_cast<std::size_t>(count));
  auto cause = d.from;
  for (auto& change : d.changes) {
    const auto step = in.varint();
    if (!in.ok() || step >= static_cast<std::uint64_t>(d.to - cause)) return false;
    cause = change.cause = cause + static_cast<std::int64_t>(step);
  }
  for (auto& change : d.changes) {
    const auto back = in.varint();
    if (!in.ok() || back > static_cast<std::uint64_t>(change.cause.value)) return false;
    change.subject = change.cause + -static_cast<std::int64_t>(back);
  }
  for (auto& change : d.changes) {
    if (!read_counts(in.u8(), change)) return false;
  }
  for (auto& change : d.changes) change.dwell_ms = in.zigzag();
  const auto order = [](const SessionChange& c) { return std::pair(c.cause, c.subject); };
  const SessionChange* previous = nullptr;
  for (const auto& change : d.changes) {
    const SessionChange itself{change.cause, change.cause};
    if (previous != nullptr && order(*previous) >= order(change)) return false;
    if (d.subject(change) == nullptr || d.subject(itself) == nullptr) return false;
    previous = &change;
  }
  return in.ok();
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
  if (!read_earlier(in, d) || !read_changes(in, d) || !in.at_end()) {
    return tl::unexpected(corrupt("the changes of sessions cannot be read"));
  }
  return block;
}

}  // namespace guidepost::event
