// The rows of a range of a table, one after the other, however many there are.
#pragma once

#include <future>
#include <string>

#include "guidepost/ports/table_store.hpp"

namespace guidepost::query {

/// Holds two pages at most: that which is read, and the next one, which is fetched meanwhile. The first is asked for at once,
/// so that many streams can wait for their stores together.
/// Thread: one, that owns no state machine. Blocks: next(), on the store; the destructor, for an answer that is under way.
class RowStream {
 public:
  /// `request.max_rows` is the size of a page.
  RowStream(TableStore& tables, std::string table, ScanRequest request);
  ~RowStream();
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;

  /// Valid until the next call; null after the last one. Errors: of the store, after which it must not be called again.
  Result<const Row*> next();

 private:
  void fetch();

  TableStore& tables_;
  std::string table_;
  ScanRequest request_;
  std::future<Result<ScanPage>> coming_;  // valid while a page is under way
  std::vector<Row> rows_;
  std::size_t at_ = 0;
};

}  // namespace guidepost::query
