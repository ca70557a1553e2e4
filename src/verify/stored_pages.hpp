// Pages as they are stored, put together from their cells.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "verify/findings.hpp"

namespace guidepost::verify {

/// One (merchant, bucket, source).
struct StoredPage {
  Offset position;
  Offset first_offset;
  std::uint64_t events = 0;
  std::vector<rollup::StoredEntry> entries;  ///< of the valid chunks
};
using PagesBySource = std::map<std::pair<Bucket, SourceId>, StoredPage>;

/// Thread: one owner. Blocks: yes.
class StoredPages {
 public:
  StoredPages(TableStore& tables, const Names& names, std::string merchant, Findings& findings)
      : tables_(tables), names_(names), merchant_(std::move(merchant)), findings_(findings) {}
  /// Errors: of the store.
  Result<void> open();
  /// The first bucket at or after `from` that has a page; nothing where there is none below `to`.
  Result<std::optional<Bucket>> next(Bucket from, Bucket to);
  /// Pages of whole buckets from `from` on, below `to`, until they are about `events`. Sets `to` to where it ended.
  Result<PagesBySource> read(Bucket from, Bucket& to, std::uint64_t events);

 private:
  bool is_half_written(SourceId source, Offset first, Offset other) const;
  bool is_half_written(const Row& row) const;
  Result<Row> when_whole(Month month, Row row);
  std::uint64_t take(const Row& row, PagesBySource& pages);
  std::optional<StoredPage> assemble(Bucket bucket, SourceId source, const std::vector<const Cell*>& cells);

  TableStore& tables_;
  const Names& names_;
  std::string merchant_;
  Findings& findings_;
  std::vector<Month> months_;  // that have a table, ascending
};

/// Months that have a table, which `table` names, and whose names begin with `stem`. Errors: of the store.
Result<std::vector<Month>> months_of(TableStore& tables, const std::string& stem,
                                     const std::function<std::string(Month)>& table, const Patience& patience);

}  // namespace guidepost::verify
