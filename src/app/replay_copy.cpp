#include "app/replay_copy.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "app/page_below.hpp"
#include "base/patience.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "worker/aggregate/index_rows.hpp"
#include "worker/tables.hpp"

namespace guidepost::app {
namespace {

constexpr std::size_t kRowsAtOnce = 500;
constexpr std::chrono::minutes kGiveUpAfter{10};

RowPut as_put(Row row) {
  RowPut put{std::move(row.key), {}};
  for (auto& cell : row.cells)
    put.cells.push_back({std::move(cell.family), std::move(cell.qualifier), cell.timestamp, std::move(cell.value)});
  return put;
}

std::size_t bytes_of(const RowPut& put) {
  std::size_t bytes = 0;
  for (const auto& cell : put.cells) bytes += cell.value.size();
  return bytes;
}

/// Goes through the tables of a base; copies where there is somewhere to copy to.
class Copier {
 public:
  Copier(Node& node, const Names& base, const std::optional<Names>& next, const Floors& floors,
         const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled)
      : node_(node),
        base_(base),
        next_(next),
        floors_(floors),
        progress_(progress),
        cancelled_(cancelled),
        tables_(table_options_of(node.config())),
        limits_(aggregate_options_of(node.config()).page),
        page_put_(aggregate_options_of(node.config()).page_put) {}

  Result<void> pages();
  Result<void> event_rows();
  Result<void> bad_rows();
  Result<void> ledger();
  const PagesFound& found() const { return found_; }

 private:
  using Visit = std::function<Result<void>(std::vector<Row>)>;
  template <class T, class Start>
  Result<T> patiently(Start start);
  Result<std::vector<Month>> months(const std::string& stem, std::string (Names::*table)(Month) const);
  Result<void> scan(const std::string& table, CellFilter cells, const Visit& visit);
  Result<void> make(const TableSpec& spec);
  Result<void> put(const std::string& table, std::vector<RowPut> rows);
  Result<void> put_page(Month month, RowPut page);
  Result<void> take_page(Month month, rollup::PageKey key, std::vector<Cell> cells);
  Result<void> put_divided(Month month);
  Result<void> put_waiting(Month month);
  bool below(SourceId source, Offset offset) const {
    const auto floor = floors_.find(source);
    return floor != floors_.end() && offset < floor->second;
  }

  Node& node_;
  const Names& base_;
  const std::optional<Names>& next_;
  const Floors& floors_;
  const std::function<void(std::uint64_t)>& progress_;
  const std::stop_token& cancelled_;
  worker::TableOptions tables_;
  rollup::PageLimits limits_;
  Bytes page_put_;
  PagesFound found_;
  std::uint64_t read_ = 0;
  std::vector<PageBelow> divided_;  // of one merchant, not put yet
  std::vector<RowPut> waiting_;     // pages of one month, not put yet
  std::size_t waiting_bytes_ = 0;
};

/// Hours of work are not given up for a store that is away for a minute.
template <class T, class Start>
Result<T> Copier::patiently(Start start) {
  const auto until = Executor::Clock::now() + kGiveUpAfter;
  for (auto wait = std::chrono::milliseconds{50};; wait = Patience::longer(wait)) {
    auto result = ask<T>(start, cancelled_);
    if (result || !result.error().retryable() || Executor::Clock::now() > until || !pause(wait, cancelled_))
      return result;
  }
}

/// Of which the base has a table of that kind.
Result<std::vector<Month>> Copier::months(const std::string& stem, std::string (Names::*table)(Month) const) {
  const auto listed =
      patiently<std::vector<std::string>>([&](auto done) { node_.tables().list_tables(stem, std::move(done)); });
  if (!listed) return tl::unexpected(listed.error());
  auto found = months_in(*listed, [&](Month month) { return (base_.*table)(month); });
  if (found.empty()) return fail(ErrorCode::kNotFound, "there are no tables " + stem + std::to_string(base_.version));
  return found;
}

Result<void> Copier::scan(const std::string& table, CellFilter cells, const Visit& visit) {
  ScanRequest request;
  request.cells = std::move(cells);
  request.max_rows = kRowsAtOnce;
  do {
    auto page = patiently<ScanPage>([&](auto done) { node_.tables().scan(table, request, std::move(done)); });
    if (!page) return tl::unexpected(page.error());
    read_ += page->rows.size();
    if (auto visited = visit(std::move(page->rows)); !visited) return visited;
    progress_(read_);
    request.start = page->next;
  } while (!request.start.empty());
  return {};
}

Result<void> Copier::make(const TableSpec& spec) {
  auto made = patiently<void>([&](auto done) { node_.tables().create_table(spec, std::move(done)); });
  return !made && made.error().code == ErrorCode::kAlreadyExists ? Result<void>() : made;
}

Result<void> Copier::put(const std::string& table, std::vector<RowPut> rows) {
  if (rows.empty()) return {};
  return patiently<void>([&](auto done) { node_.tables().put(table, rows, std::move(done)); });
}

/// As `aggregate` does: a page that a store would not take at once goes in pieces, chunk 0 last. Others wait for company.
Result<void> Copier::put_page(Month month, RowPut page) {
  const auto table = next_->rollups(month);
  const auto bytes = bytes_of(page);
  if (bytes <= page_put_.value) {
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(page));
    return waiting_bytes_ > page_put_.value ? put_waiting(month) : Result<void>();
  }
  std::rotate(page.cells.begin(), page.cells.begin() + 1, page.cells.end());  // chunk 0 sorts first
  for (auto& cell : page.cells) {
    if (auto done = put(table, {{page.row, {std::move(cell)}}}); !done) return done;
  }
  return {};
}

Result<void> Copier::put_waiting(Month month) {
  waiting_bytes_ = 0;
  return next_ ? put(next_->rollups(month), std::exchange(waiting_, {})) : Result<void>();
}

Result<void> Copier::pages() {
  const auto all = months(base_.all_rollups(), &Names::rollups);
  if (!all) return tl::unexpected(all.error());
  CellFilter cells;
  cells.family = rollup::kPageFamily;
  if (!next_) {
    for (const auto& [source, _] : floors_) cells.qualifiers.push_back(rollup::page_qualifier({0, 0}, source));
  }
  for (const auto month : *all) {
    if (next_) {
      if (auto made = make(worker::rollups_table(*next_, month, tables_)); !made) return made;
    }
    const auto visit = [&](std::vector<Row> rows) -> Result<void> {
      for (auto& row : rows) {
        auto key = rollup::parse_page_row(row.key);
        if (!key) return tl::unexpected(key.error());
        if (!divided_.empty() && divided_.front().key.merchant != key->merchant) {
          if (auto done = put_divided(month); !done) return done;
        }
        std::map<SourceId, std::vector<Cell>> of_source;
        for (auto& cell : row.cells) {
          const auto id = rollup::parse_page_qualifier(cell.qualifier);
          if (!id) return tl::unexpected(id.error());
          of_source[id->second].push_back(std::move(cell));
        }
        for (auto& [source, of_page] : of_source) {
          key->source = source;
          if (auto taken = take_page(month, *key, std::move(of_page)); !taken) return taken;
        }
      }
      return {};
    };
    auto going = scan(base_.rollups(month), cells, visit);
    if (going) going = put_divided(month);
    if (going) going = put_waiting(month);
    if (!going) return going;
  }
  return {};
}

/// A page whose cells are all from before the floor is copied; of one that went on behind it, the earlier part is counted.
Result<void> Copier::take_page(Month month, rollup::PageKey key, std::vector<Cell> cells) {
  const auto floor = floors_.find(key.source);
  if (floor == floors_.end()) return {};  // it came after the floors were set: it is decided from its beginning
  const auto by_position = [](const Cell& a, const Cell& b) { return a.timestamp < b.timestamp; };
  const Offset position{std::max_element(cells.begin(), cells.end(), by_position)->timestamp};
  if (position <= floor->second) {
    ++found_.whole;
    return next_ ? put_page(month, as_put({rollup::page_row(key), std::move(cells)})) : Result<void>();
  }
  const auto first = std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) {
    return cell.qualifier == rollup::page_qualifier({0, 0}, key.source);
  });
  if (first == cells.end()) return {};  // nothing of it counts yet
  const auto chunk = rollup::decode_chunk(first->value);
  if (!chunk) return tl::unexpected(chunk.error());
  if (chunk->first_offset >= floor->second) return {};
  ++found_.divided;
  if (next_) divided_.push_back({std::move(key), floor->second, chunk->rules, chunk->position, chunk->events});
  return {};
}

Result<void> Copier::put_divided(Month month) {
  if (divided_.empty()) return {};
  auto pages = pages_below(node_.tables(), base_, limits_, divided_, cancelled_);
  divided_.clear();
  if (!pages) return tl::unexpected(pages.error());
  for (auto& page : *pages) {
    if (auto done = put_page(month, std::move(page)); !done) return done;
  }
  return {};
}

Result<void> Copier::event_rows() {
  const auto all = months(base_.all_events(), &Names::events);
  if (!all) return tl::unexpected(all.error());
  for (const auto month : *all) {
    for (const auto& spec :
         {worker::events_table(*next_, month, tables_), worker::index_table(*next_, month, tables_)}) {
      if (auto made = make(spec); !made) return made;
    }
    const auto visit = [&](std::vector<Row> rows) -> Result<void> {
      std::map<SourceId, event::Decisions> kept;  // views into the rows
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto stored = event::parse_event_row(rows[i]);
        if (!stored) return tl::unexpected(stored.error());
        if (!below(stored->source, stored->event.offset)) continue;
        auto& decisions = kept[stored->source];
        decisions.source = stored->source;
        decisions.accepted.push_back(stored->event);
        places.push_back(i);
      }
      std::vector<RowPut> puts, index;
      for (const auto& [source, decisions] : kept) {
        for (auto& [_, of_month] : worker::index_rows(decisions, Offset{0}))
          std::move(of_month.begin(), of_month.end(), std::back_inserter(index));
      }
      for (const auto i : places) puts.push_back(as_put(std::move(rows[i])));
      if (auto indexed = put(next_->index(month), std::move(index)); !indexed) return indexed;
      return put(next_->events(month), std::move(puts));
    };
    if (auto scanned = scan(base_.events(month), {}, visit); !scanned) return scanned;
  }
  return {};
}

Result<void> Copier::bad_rows() {
  return scan(base_.bad(), {}, [&](std::vector<Row> rows) -> Result<void> {
    std::vector<RowPut> puts;
    for (auto& row : rows) {
      const auto key = event::parse_bad_row_key(row.key);
      if (!key) return tl::unexpected(key.error());
      if (below(key->source, key->offset)) puts.push_back(as_put(std::move(row)));
    }
    return put(next_->bad(), std::move(puts));
  });
}

/// The ledger of a source begins at its floor. Only those that are taken over whole have one to take over.
Result<void> Copier::ledger() {
  return scan(base_.ledger(), {}, [&](std::vector<Row> rows) -> Result<void> {
    std::vector<RowPut> puts;
    for (auto& row : rows) {
      const auto key = event::parse_ledger_row(row.key);
      if (!key) return tl::unexpected(key.error());
      const auto floor = floors_.find(key->source);
      if (floor != floors_.end() && floor->second == kWhole) puts.push_back(as_put(std::move(row)));
    }
    return put(next_->ledger(), std::move(puts));
  });
}

}  // namespace

Result<PagesFound> look_below(Node& node, const Names& base, const Floors& floors,
                              const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  const std::optional<Names> nowhere;
  Copier copier(node, base, nowhere, floors, progress, cancelled);
  if (const auto looked = copier.pages(); !looked) return tl::unexpected(looked.error());
  return copier.found();
}

Result<void> copy_below(Node& node, const Names& base, const Names& next, const Floors& floors,
                        const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  const std::optional<Names> there(next);
  Copier copier(node, base, there, floors, progress, cancelled);
  auto going = copier.pages();
  if (going) going = copier.event_rows();
  if (going) going = copier.bad_rows();
  if (going) going = copier.ledger();
  return going;
}

}  // namespace guidepost::app
