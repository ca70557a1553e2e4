// What the tables of a version hold: of which months, and of which merchants.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::query {

/// Months that have a table, which `table` names, and whose names begin with `stem`. Blocks: yes. Errors: of the store.
Result<std::vector<Month>> months_of(TableStore& tables, const std::string& stem,
                                     const std::function<std::string(Month)>& table);

/// Merchants that have a row in the tables of these months. Blocks: yes, for a row a merchant, salt and month: they are
/// skipped through. Errors: of the store; kCorrupt.
Result<std::set<std::string>> merchants_of_rollups(TableStore& tables, const Names& names,
                                                   const std::vector<Month>& months);
Result<std::set<std::string>> merchants_of_events(TableStore& tables, const Names& names,
                                                  const std::vector<Month>& months);

}  // namespace guidepost::query
