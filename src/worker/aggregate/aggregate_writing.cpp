// Rows, pages and ledger on their way to the tables, and the commit behind them.
#include <algorithm>
#include <utility>

#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/aggregate/aggregate_partition.hpp"
#include "worker/aggregate/index_rows.hpp"

namespace guidepost::worker {
namespace {

/// Cells of the ledger kept in memory before clean ones are forgotten.
constexpr std::size_t kLedgerCells = 200'000;

}  // namespace

// Rule 9: rows are put here, before the pages that count them can be.
void AggregatePartition::write_rows(const event::Decisions& decisions, Offset chain) {
  std::map<Month, std::vector<RowPut>> events;
  for (const auto& accepted : decisions.accepted) {
    if (accepted.offset < chain) continue;
    const auto words = event::session_words(decisions, decisions.changes_of(accepted.offset));
    events[Month::of(accepted.record_time)].push_back(event::event_row(decisions.source, accepted, words));
  }
  for (auto& [month, puts] : index_rows(decisions, chain)) {
    writer_->put_rows(index_table(needs_.names, month, needs_.options.tables), std::move(puts), current_->at);
  }
  std::vector<RowPut> bad;
  for (const auto& refused : decisions.bad) {
    if (refused.offset >= chain) bad.push_back(event::bad_row(decisions.source, refused));
  }
  std::size_t rows = bad.size();
  for (auto& [month, puts] : events) {
    rows += puts.size();
    writer_->put_rows(events_table(needs_.names, month, needs_.options.tables), std::move(puts), current_->at);
  }
  if (!bad.empty()) writer_->put_rows(bad_table(needs_.names, needs_.options.tables), std::move(bad), current_->at);
  aggregate_metrics().rows_written.add(static_cast<double>(rows));
}

/// Whether to wait before the next block: too much is on its way, or the pages need too much memory.
bool AggregatePartition::overloaded() {
  if (writer_->outstanding_bytes() > needs_.options.max_outstanding.value) return true;
  const auto limit = needs_.options.page_memory.value;
  for (const auto& [id, source] : sources_) {
    if (source->pages.memory_bytes() <= limit || source->pages.evict(limit)) continue;
    write_pages(*source, source->pages.take_all_dirty());
    if (!writer_->idle()) return true;  // settled() comes back here
    source->pages.evict(limit);
  }
  return false;
}

void AggregatePartition::tick_later() {
  needs_.executor.post_after(needs_.options.tick, [this, alive = shared_from_this()] {
    if (closed()) return;
    if (!draining()) write_due_pages();
    compare_with_decided();
    tick_later();
  });
}

void AggregatePartition::write_due_pages() {
  const auto now = needs_.executor.now();
  for (const auto& [id, source] : sources_) {
    write_pages(*source, source->pages.take_due(now));
    if (source->ledger.due(now, needs_.options.flush.max_age)) write_ledger(*source);
    // Not while a block is loading: what it found here it has not asked for.
    if (writer_->idle() && !current_) source->ledger.evict(kLedgerCells);
  }
}

void AggregatePartition::write_all() {
  for (const auto& [id, source] : sources_) {
    write_pages(*source, source->pages.take_all_dirty());
    if (source->ledger.dirty()) write_ledger(*source);
  }
}

// Rule 8: content and label are taken together, between blocks; the label is the chain position.
void AggregatePartition::write_pages(SourceState& source, const std::vector<PageTable::Slot*>& slots) {
  struct Puts {
    std::vector<RowPut> rows;
    std::vector<Offset> held;
    std::vector<PageTable::Slot*> slots;
  };
  std::map<Month, Puts> months;
  const auto label = source.chain.offset;
  for (auto* slot : slots) {
    const auto month = Month::of(slot->page.key().bucket.start());
    RowPut row{rollup::page_row(slot->page.key()), {}};
    std::vector<Offset> held;
    std::size_t bytes = 0;
    for (auto& chunk : source.pages.encode(*slot, label, held)) {
      bytes += chunk.value.size();
      row.cells.push_back(
          {std::string(rollup::kPageFamily), std::move(chunk.qualifier), label.value, std::move(chunk.value)});
    }
    if (bytes > needs_.options.page_put.value) {
      write_large_page(month, *slot, std::move(row), std::move(held));
      continue;
    }
    auto& puts = months[month];
    puts.rows.push_back(std::move(row));
    puts.held.insert(puts.held.end(), held.begin(), held.end());
    puts.slots.push_back(slot);
  }
  aggregate_metrics().pages_written.add(static_cast<double>(slots.size()));
  for (auto& [month, puts] : months) {
    writer_->put_pages(rollups_table(needs_.names, month, needs_.options.tables), std::move(puts.rows),
                       std::move(puts.held), [written = std::move(puts.slots)] {
                         for (auto* slot : written) slot->put_in_flight = false;
                       });
  }
}

// A store takes puts up to a size. Chunk 0 goes last, when the others are there: until then the page is what it was,
// with chunks that are ahead of it and say so.
void AggregatePartition::write_large_page(Month month, PageTable::Slot& slot, RowPut page, std::vector<Offset> held) {
  RowPut last{page.row, {std::move(page.cells.front())}};
  std::vector<RowPut> pieces;
  std::size_t bytes = 0;
  for (auto cell = page.cells.begin() + 1; cell != page.cells.end(); ++cell) {
    if (pieces.empty() || bytes + cell->value.size() > needs_.options.page_put.value) {
      pieces.push_back({page.row, {}});
      bytes = 0;
    }
    bytes += cell->value.size();
    pieces.back().cells.push_back(std::move(*cell));
  }
  auto table = rollups_table(needs_.names, month, needs_.options.tables);
  auto finish = [writer = writer_.get(), table, last = std::move(last), held = std::move(held), &slot]() mutable {
    writer->put_pages(std::move(table), {std::move(last)}, std::move(held), [&slot] { slot.put_in_flight = false; });
  };
  if (pieces.empty()) return finish();
  writer_->put_pages(table, std::move(pieces), {}, std::move(finish));
}

void AggregatePartition::write_ledger(SourceState& source) {
  std::vector<Offset> held;
  auto rows = source.ledger.encode(source.chain.offset, held);
  writer_->put_pages(ledger_table(needs_.names, needs_.options.tables), std::move(rows), std::move(held), [] {});
}

// Rule 10: R' is the oldest obligation (else everything read), and D' the chain *at R'*. D' first.
void AggregatePartition::commit() {
  if (committing() || !writer_) return;
  const auto resolved = obligations_.oldest().value_or(read_);
  if (resolved <= committed_) return report();
  begin_commit();
  auto waits = std::make_shared<int>(1);
  const auto one_done = [this, waits, resolved] {
    if (--*waits == 0) send_commit({resolved, std::string(kAggregateCommit)});
  };
  for (const auto& [id, source] : sources_) {
    auto position = source->durable;
    while (!source->marks.empty() && source->marks.front().resolved <= resolved) {
      position = source->marks.front().chain;
      source->marks.pop_front();
    }
    if (position.offset <= source->durable.offset) continue;
    source->durable = position;
    // What is repeated, until it is answered, is the same.
    const StateTable::Writer writer{needs_.options.writer, needs_.executor.wall(),
                                    std::exchange(source->began, std::nullopt)};
    ++*waits;
    ask_while<void>(
        "durable position", restarts_,
        [this, number = id, position, writer](Completion<void> answer) {
          needs_.state.put_durable(number, position, writer, std::move(answer));
        },
        one_done);
  }
  one_done();
}

void AggregatePartition::commit_answered() {
  if (committed_ == read_) flushing_ = false;
  drained_if_clean();
}

}  // namespace guidepost::worker
