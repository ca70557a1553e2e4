// The tables of an installation: which there are and how they are made. `init` makes them, and
// `aggregate` makes a month's that is missing.
#pragma once

#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::worker {

struct TableOptions {
  Compression compression = Compression::kNone;
  int regions = 1;  ///< into which rollups, events, index and mapping are split when made
};

TableSpec rollups_table(const Names& names, Month month, const TableOptions& options);
TableSpec events_table(const Names& names, Month month, const TableOptions& options);
/// Of the event rows of the same month.
TableSpec index_table(const Names& names, Month month, const TableOptions& options);
TableSpec bad_table(const Names& names, const TableOptions& options);
TableSpec ledger_table(const Names& names, const TableOptions& options);
TableSpec mapping_table(const Names& names, const TableOptions& options);
TableSpec state_table(const Names& names, const TableOptions& options);

/// Everything that an installation needs at `now`: the tables without a month, and those of this
/// month and the next.
std::vector<TableSpec> all_tables(const Names& names, TimeMs now, const TableOptions& options);

}  // namespace guidepost::worker
