// A scan that goes on while what came before it is read.
#pragma once

#include <future>
#include <string>

#include "guidepost/ports/table_store.hpp"

namespace guidepost::query {

/// Errors: those of TableStore::scan.
std::future<Result<ScanPage>> start_scan(TableStore& tables, const std::string& table, ScanRequest request);

}  // namespace guidepost::query
