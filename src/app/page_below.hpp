// Pages as they were at an offset, counted again from the rows of the events below it.
#pragma once

#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"
#include "rollup/page.hpp"

namespace guidepost::app {

/// A page, and the offset of its source up to which it is wanted.
struct PageBelow {
  rollup::PageKey key;
  Offset below;
  RulesHash rules;  ///< as its header says
};

/// The rows to put, with `below` as their position, for pages of one merchant in order of time; none for a page that held
/// nothing then. `names`: of the version whose event rows are read. Memory: the events of pages that lie within two days.
/// Thread: any. Blocks: yes. Errors: of the store; kCorrupt (a row that cannot be read, or is missing).
Result<std::vector<RowPut>> pages_below(TableStore& tables, const Names& names, const rollup::PageLimits& limits,
                                        const std::vector<PageBelow>& wanted);

}  // namespace guidepost::app
