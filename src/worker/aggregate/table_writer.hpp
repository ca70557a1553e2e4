// Puts of one aggregate partition: repeated until acknowledged, rows before the pages that count them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "guidepost/ports/table_store.hpp"
#include "worker/aggregate/obligations.hpp"
#include "worker/backoff.hpp"
#include "worker/tables.hpp"

namespace guidepost::worker {

/// Thread: the executor's. Blocks: never. A put is repeated with the same bytes and timestamps until
/// it is acknowledged; a missing month's table is made on the way.
class TableWriter : public std::enable_shared_from_this<TableWriter> {
 public:
  struct Events {
    std::function<void()> settled;       ///< a put was acknowledged and its obligations are settled
    std::function<void(Error)> refused;  ///< permanent: the partition must stop
  };
  TableWriter(Executor& executor, TableStore& tables, Obligations& obligations, Events events);

  /// Event rows and bad rows, caused by the block at `at`.
  void put_rows(TableSpec table, std::vector<RowPut> rows, Offset at);
  /// Pages and ledger cells: sent once every row put before this call is acknowledged. Takes over
  /// the obligations `held`, one per page, and settles them; then calls `acknowledged`.
  void put_pages(TableSpec table, std::vector<RowPut> pages, std::vector<Offset> held, Task acknowledged);
  void close();
  std::size_t outstanding_bytes() const { return bytes_; }
  bool idle() const { return outstanding_ == 0; }

 private:
  struct Put;
  void send(std::shared_ptr<Put> put);
  void answered(std::shared_ptr<Put> put, const Result<void>& result);
  void make_table(std::shared_ptr<Put> put);
  void send_later(std::shared_ptr<Put> put);
  void release_pages();

  Executor& executor_;
  TableStore& tables_;
  Obligations& obligations_;
  Events events_;
  bool closed_ = false;
  std::size_t bytes_ = 0;
  std::size_t outstanding_ = 0;
  // Row puts are numbered; pages wait until every row put with a lower number is acknowledged.
  std::uint64_t next_row_put_ = 0;
  std::deque<bool> row_acked_;        // of the row puts from first_open_row_put_ on
  std::uint64_t first_open_row_put_ = 0;
  std::deque<std::shared_ptr<Put>> waiting_pages_;
};

}  // namespace guidepost::worker
