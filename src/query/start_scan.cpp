#include "query/start_scan.hpp"

#include <memory>

namespace guidepost::query {

std::future<Result<ScanPage>> start_scan(TableStore& tables, const std::string& table, ScanRequest request) {
  auto promise = std::make_shared<std::promise<Result<ScanPage>>>();
  auto answer = promise->get_future();
  tables.scan(table, std::move(request), Completion<ScanPage>(inline_executor(), [promise](Result<ScanPage> page) {
                promise->set_value(std::move(page));
              }));
  return answer;
}

}  // namespace guidepost::query
