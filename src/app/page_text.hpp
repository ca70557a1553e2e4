// A stored chunk of a page as people and machines read it: `page show`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/text.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::app {

struct PageTable {
  text::Table table;
  std::size_t left_out = 0;  ///< values beyond the limit
};

/// The entries, at most `top` of each dimension: those with the most events.
PageTable page_table(const rollup::StoredChunk& chunk, std::size_t top);

/// All entries: counters by name, distinct counts (or how large their sketch is), money by currency in its smallest unit.
nlohmann::json page_entries_json(const rollup::StoredChunk& chunk);

}  // namespace guidepost::app
