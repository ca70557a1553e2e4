#include "worker/aggregate/table_writer.hpp"

#include "base/log.hpp"

namespace guidepost::worker {

/// One call to the table store on its way.
struct TableWriter::Put {
  TableSpec table;
  std::vector<RowPut> rows;
  std::vector<Offset> held;  // obligations to settle
  bool pages = false;
  std::uint64_t row_put = 0;  // its number, or for pages: the first row put that they need not wait for
  std::size_t bytes = 0;
  Task acknowledged;
  Backoff backoff;
};

namespace {

std::size_t size_of(const std::vector<RowPut>& rows) {
  std::size_t bytes = 0;
  for (const auto& row : rows) {
    bytes += row.row.size();
    for (const auto& cell : row.cells)
      bytes += cell.family.size() + cell.qualifier.size() + cell.value.size() + sizeof cell;
  }
  return bytes;
}

}  // namespace

TableWriter::TableWriter(Executor& executor, TableStore& tables, Obligations& obligations, Events events)
    : executor_(executor), tables_(tables), obligations_(obligations), events_(std::move(events)) {}

void TableWriter::put_rows(TableSpec table, std::vector<RowPut> rows, Offset at) {
  auto put = std::make_shared<Put>();
  put->table = std::move(table);
  put->rows = std::move(rows);
  put->held = {at};
  put->row_put = next_row_put_++;
  put->bytes = size_of(put->rows);
  row_acked_.push_back(false);
  obligations_.add(at);
  bytes_ += put->bytes;
  ++outstanding_;
  send(std::move(put));
}

void TableWriter::put_pages(TableSpec table, std::vector<RowPut> pages, std::vector<Offset> held, Task acknowledged) {
  auto put = std::make_shared<Put>();
  put->table = std::move(table);
  put->rows = std::move(pages);
  put->held = std::move(held);
  put->pages = true;
  put->row_put = next_row_put_;
  put->bytes = size_of(put->rows);
  put->acknowledged = std::move(acknowledged);
  bytes_ += put->bytes;
  ++outstanding_;
  waiting_pages_.push_back(std::move(put));
  release_pages();
}

void TableWriter::release_pages() {
  while (!waiting_pages_.empty() && waiting_pages_.front()->row_put <= first_open_row_put_) {
    auto put = std::move(waiting_pages_.front());
    waiting_pages_.pop_front();
    send(std::move(put));
  }
}

void TableWriter::send(std::shared_ptr<Put> put) {
  auto rows = put->rows;  // kept: a repeat has the same bytes
  const auto table = put->table.name;
  tables_.put(table, std::move(rows), {executor_, [self = shared_from_this(), put](const Result<void>& result) {
                                         self->answered(put, result);
                                       }});
}

void TableWriter::answered(std::shared_ptr<Put> put, const Result<void>& result) {
  if (closed_) return;
  if (!result) {
    if (result.error().code == ErrorCode::kNotFound) return make_table(std::move(put));
    if (!result.error().retryable()) return events_.refused(result.error());
    return send_later(std::move(put));
  }
  bytes_ -= put->bytes;
  --outstanding_;
  for (const auto at : put->held) obligations_.settle(at);
  if (put->acknowledged) put->acknowledged();
  if (!put->pages) {
    row_acked_[put->row_put - first_open_row_put_] = true;
    while (!row_acked_.empty() && row_acked_.front()) {
      row_acked_.pop_front();
      ++first_open_row_put_;
    }
    release_pages();
  }
  events_.settled();
}

void TableWriter::make_table(std::shared_ptr<Put> put) {
  auto spec = put->table;
  log::info("table_made", {{"table", spec.name}});
  tables_.create_table(std::move(spec), {executor_, [self = shared_from_this(), put](const Result<void>& made) {
                                           if (self->closed_) return;
                                           if (made || made.error().code == ErrorCode::kAlreadyExists)
                                             return self->send(put);
                                           if (!made.error().retryable()) return self->events_.refused(made.error());
                                           self->send_later(put);
                                         }});
}

void TableWriter::send_later(std::shared_ptr<Put> put) {
  const auto wait = put->backoff.next();
  if (put->backoff.failures() % 8 == 4) {
    log::warn("put_waits",
              {{"table", put->table.name}, {"rows", put->rows.size()}, {"failures", put->backoff.failures()}});
  }
  executor_.post_after(wait, [self = shared_from_this(), put] {
    if (!self->closed_) self->send(put);
  });
}

void TableWriter::close() {
  closed_ = true;
  waiting_pages_.clear();
}

}  // namespace guidepost::worker
