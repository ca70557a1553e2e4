// Pages as they were at an offset, counted again from the rows of the events below it.
#pragma once

#include <stop_token>
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
  // As its header says:
  RulesHash rules;
  Offset position;
  std::uint64_t events = 0;
};

/// The rows to put, with `below` as their position, for pages of one merchant in order of time; none for a page that held
/// nothing then. `names`: of the version whose event rows are read. Memory: the events of one page, or some 100,000 of
/// several. Thread: any. Blocks: yes. Errors: of the store; kCorrupt (a row that cannot be read, or is missing: a page's
/// rows must be as many as its events); kCancelled.
Result<std::vector<RowPut>> pages_below(TableStore& tables, const Names& names, const rollup::PageLimits& limits,
                                        const std::vector<PageBelow>& wanted, const std::stop_token& cancelled = {});

}  // namespace guidepost::app
