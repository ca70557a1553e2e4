#include "query/row_stream.hpp"

#include <utility>

namespace guidepost::query {

RowStream::RowStream(TableStore& tables, std::string table, ScanRequest request)
    : tables_(tables), table_(std::move(table)), request_(std::move(request)) {
  fetch();
}

RowStream::~RowStream() {
  if (coming_.valid()) coming_.wait();
}

void RowStream::fetch() {
  auto promise = std::make_shared<std::promise<Result<ScanPage>>>();
  coming_ = promise->get_future();
  tables_.scan(table_, request_, Completion<ScanPage>(inline_executor(), [promise](Result<ScanPage> page) {
                 promise->set_value(std::move(page));
               }));
}

Result<const Row*> RowStream::next() {
  while (at_ == rows_.size()) {
    if (!coming_.valid()) return nullptr;
    auto page = coming_.get();
    if (!page) return tl::unexpected(std::move(page.error()));
    rows_ = std::move(page->rows);
    at_ = 0;
    request_.start = std::move(page->next);
    if (!request_.start.empty()) fetch();
  }
  return &rows_[at_++];
}

}  // namespace guidepost::query
