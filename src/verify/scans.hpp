// Several scans at once, on the thread of the caller.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/patience.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::verify {

enum class ScanExtent : std::uint8_t { kAll, kFirstPage };

struct ScanJob {
  std::string table;
  ScanRequest request;
  ScanExtent extent = ScanExtent::kAll;
};

/// Called for each row, in key order within a job; an error ends all of it.
using VisitRow = std::function<Result<void>(std::size_t job, const Row& row)>;

/// Runs the jobs, some in flight at a time; a page that fails is asked for again while patience lasts.
/// Blocks: yes. Errors: of the store; of the visitor.
Result<void> run_scans(TableStore& tables, std::vector<ScanJob> jobs, const Patience& patience, const VisitRow& visit);

}  // namespace guidepost::verify
