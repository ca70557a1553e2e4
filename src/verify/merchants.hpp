// Which merchants left a trace.
#pragma once

#include <set>
#include <string>

#include "base/names.hpp"
#include "verify/findings.hpp"

namespace guidepost::verify {

/// Of all tables: rollups, events, bad rows and ledger; each is skipped through, a row a merchant, but the ledger.
/// Blocks: yes. Errors: of the store; kCorrupt.
Result<std::set<std::string>> merchants_of(TableStore& tables, const Names& names, Findings& findings);

}  // namespace guidepost::verify
