// Compare-and-set that knows what happened: an answer may be lost, and a `no` may be that of a repeat.
#pragma once

#include <optional>
#include <string>

#include "base/patience.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::identity {

struct CompareAndSet {
  std::string row;
  std::string family;
  std::string qualifier;
  std::optional<std::string> expected;  ///< nothing: the cell is absent
  RowPut put;                           ///< has a cell of that name; nobody else writes its value there
};

/// Nothing where the cell was set by this call; else what it holds instead (empty: it is absent).
/// Errors: those of the store, once patience ended.
/// Blocks: yes.
Result<std::optional<std::string>> compare_and_set(TableStore& tables, const std::string& table,
                                                   const CompareAndSet& wanted, const Patience& patience);

}  // namespace guidepost::identity
