// The calls of the port as requests to HBase.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/hbase/batches.hpp"
#include "adapters/hbase/request.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::hbase {

Requests put_requests(std::string table, std::vector<std::vector<RowPut>> batches, Completion<void> done);
/// `weights` must outlive the requests, here and below.
Requests get_requests(std::string table, std::vector<std::vector<RowGet>> batches, RowWeights& weights,
                      Completion<std::vector<Row>> done);
/// A page of at most request.max_rows rows, that ends early once it holds `page_bytes`.
Requests scan_request(std::string table, ScanRequest request, RowWeights& weights, Bytes page_bytes,
                      Completion<ScanPage> done);
Requests check_and_put_request(std::string table, CheckAndPut request, Completion<bool> done);

Requests create_table_request(TableSpec spec, Completion<void> done);
Requests drop_table_request(std::string table, Completion<void> done);
Requests list_tables_request(std::string prefix, Completion<std::vector<std::string>> done);
Requests ping_request(Completion<void> done);

}  // namespace guidepost::hbase
