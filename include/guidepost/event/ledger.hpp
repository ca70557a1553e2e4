// The ledger: where every raw offset of a source ended, by day and merchant. Format: proto/ledger.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::event {

/// Absolute counts of outcomes. Skipped (control records, holes) and lost (nobody knows what they were) belong to no
/// merchant: they are in the source's total alone.
struct LedgerCounts {
  std::uint64_t counted = 0;
  std::uint64_t bad = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t skipped = 0;
  std::uint64_t lost = 0;

  std::uint64_t received() const { return counted + bad + duplicate + skipped + lost; }
  LedgerCounts& operator+=(const LedgerCounts& o) {
    counted += o.counted;
    bad += o.bad;
    duplicate += o.duplicate;
    skipped += o.skipped;
    lost += o.lost;
    return *this;
  }
  bool operator==(const LedgerCounts&) const = default;
};

inline constexpr std::string_view kLedgerFamily = "l";
/// Qualifier of the source's total of a day; the others are merchants (`-`: none could be read).
inline constexpr std::string_view kLedgerTotal;

/// The day is that of the record time, UTC.
struct LedgerKey {
  SourceId source;
  std::chrono::sys_days day;
  bool operator==(const LedgerKey&) const = default;
};

/// source(be32) day(be32, days since the epoch). Cell timestamps are positions.
std::string ledger_row(LedgerKey key);
/// Errors: kCorrupt.
Result<LedgerKey> parse_ledger_row(std::string_view row);

std::string encode_ledger(const LedgerCounts& counts);
/// Errors: kCorrupt.
Result<LedgerCounts> decode_ledger(std::string_view value);

}  // namespace guidepost::event
