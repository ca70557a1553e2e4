#include "guidepost/event/ledger.hpp"

#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kChecksumBytes = 4;

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "ledger: " + std::string(what));
}

}  // namespace

std::string ledger_row(LedgerKey key) {
  ByteWriter out;
  out.be32(key.source.value);
  out.be32(static_cast<std::uint32_t>(key.day.time_since_epoch().count()));
  return std::move(out).take();
}

Result<LedgerKey> parse_ledger_row(std::string_view row) {
  if (row.size() != 8) return corrupt("a row key has not 8 bytes");
  ByteReader in(row);
  const SourceId source{in.be32()};
  const std::chrono::days day{static_cast<std::int32_t>(in.be32())};
  return LedgerKey{source, std::chrono::sys_days{day}};
}

std::string encode_ledger(const LedgerCounts& counts) {
  ByteWriter out;
  out.u8(kVersion);
  out.varint(counts.counted);
  out.varint(counts.bad);
  out.varint(counts.duplicate);
  out.varint(counts.skipped);
  out.varint(counts.lost);
  out.fixed32(crc32(out.view()));
  return std::move(out).take();
}

Result<LedgerCounts> decode_ledger(std::string_view value) {
  if (value.size() < 1 + kChecksumBytes) return corrupt("a value is too short");
  const auto body = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(body.size())).fixed32() != crc32(body)) return corrupt("the checksum does not fit");
  ByteReader in(body);
  if (const auto version = in.u8(); version != kVersion) {
    return corrupt("version " + std::to_string(version) + " is not known to this program");
  }
  LedgerCounts counts;
  counts.counted = in.varint();
  counts.bad = in.varint();
  counts.duplicate = in.varint();
  counts.skipped = in.varint();
  counts.lost = in.varint();
  if (!in.ok() || !in.at_end()) return corrupt("a value does not end where it should");
  return counts;
}

}  // namespace guidepost::event
