// Reads of the embedded table store: from an iterator to rows.
#pragma once

#include "adapters/embedded/table_catalog.hpp"

namespace guidepost::embedded {

/// What of a row is wanted, with the family as its place.
struct StoredFilter {
  std::optional<std::uint8_t> family;
  std::vector<std::string> qualifiers;  ///< escaped, with terminators
  TimeRange time;
  std::int32_t versions = 1;
};

/// Errors: kRefused (no such family).
Result<StoredFilter> resolve(const StoredTable& table, const CellFilter& filter);

/// Errors of both: kCorrupt, kFailed.
Result<Row> read_row(const Rocks& rocks, const StoredTable& table, const std::string& row, const StoredFilter& filter);
Result<ScanPage> read_page(const Rocks& rocks, const StoredTable& table, const ScanRequest& request,
                           const StoredFilter& filter);

}  // namespace guidepost::embedded
