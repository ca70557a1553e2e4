// Rows of the bad table: one refused event each, with its original bytes. Format: proto/bad_row.md.
#pragma once

#include <string>
#include <string_view>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::event {

inline constexpr std::string_view kBadFamily = "b";
/// Stands for the merchant where none could be read.
inline constexpr std::string_view kNoMerchant = "-";

/// What a row key says. `merchant` points into the row key.
struct BadRowKey {
  std::string_view merchant;
  TimeMs received;
  SourceId source;
  Offset offset;
};

/// merchant 0x00 received(be64, ms) source(be32) offset(be64).
std::string bad_row_key(SourceId source, const Bad& bad);
/// First row of a merchant's bad events received at or after `received`.
std::string bad_row_start(std::string_view merchant, TimeMs received);
/// Errors: kCorrupt.
Result<BadRowKey> parse_bad_row_key(std::string_view row);

/// Cells bytes (as they came), reason, field (where there is one), size, hash, all but the first as
/// text; their timestamp is the record time.
RowPut bad_row(SourceId source, const Bad& bad);

/// A bad row that was read. Views point into the Row.
struct StoredBad {
  SourceId source;
  Bad bad;
};
/// Errors: kCorrupt.
Result<StoredBad> parse_bad_row(const Row& row);

}  // namespace guidepost::event
