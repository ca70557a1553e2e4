#include "app/replay_copy.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "app/page_below.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "worker/aggregate/index_rows.hpp"
#include "worker/tables.hpp"

namespace guidepost::app {
namespace {

constexpr std::size_t kRowsAtOnce = 500;

RowPut as_put(Row row) {
  RowPut put{std::move(row.key), {}};
  for (auto& cell : row.cells)
    put.cells.push_back({std::move(cell.family), std::move(cell.qualifier), cell.timestamp, std::move(cell.value)});
  return put;
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
        limits_(aggregate_options_of(node.config()).page) {}

  Result<void> pages();
  Result<void> event_rows();
  Result<void> bad_rows();
  Result<void> ledger();
  const Below& found() const { return found_; }

 private:
  using Visit = std::function<Result<void>(std::vector<Row>)>;
  Result<std::vector<Month>> months(const std::string& stem, std::string (Names::*table)(Month) const);
  Result<void> scan(const std::string& table, const Visit& visit);
  Result<void> make(const TableSpec& spec);
  Result<void> put(const std::string& table, std::vector<RowPut> rows);
  Result<void> take_page(const rollup::PageKey& key, std::vector<Cell> cells, RowPut& whole);
  Result<void> put_divided(Month month);
  bool below(SourceId source, Offset offset) const {
    const auto floor = floors_.find(source);
    return floor == floors_.end() || offset < floor->second;
  }

  Node& node_;
  const Names& base_;
  const std::optional<Names>& next_;
  const Floors& floors_;
  const std::function<void(std::uint64_t)>& progress_;
  const std::stop_token& cancelled_;
  worker::TableOptions tables_;
  rollup::PageLimits limits_;
  Below found_;
  std::uint64_t read_ = 0;
  std::vector<PageBelow> divided_;  // of one merchant, not put yet
};

/// Of which the base has a table of that kind.
Result<std::vector<Month>> Copier::months(const std::string& stem, std::string (Names::*table)(Month) const) {
  const auto listed =
      ask<std::vector<std::string>>([&](auto done) { node_.tables().list_tables(stem, std::move(done)); }, cancelled_);
  if (!listed) return tl::unexpected(listed.error());
  return months_in(*listed, [&](Month month) { return (base_.*table)(month); });
}

Result<void> Copier::scan(const std::string& table, const Visit& visit) {
  ScanRequest request;
  request.max_rows = kRowsAtOnce;
  do {
    auto page = ask<ScanPage>([&](auto done) { node_.tables().scan(table, request, std::move(done)); }, cancelled_);
    if (!page) return tl::unexpected(page.error());
    read_ += page->rows.size();
    if (auto visited = visit(std::move(page->rows)); !visited) return visited;
    progress_(read_);
    request.start = page->next;
  } while (!request.start.empty());
  return {};
}

Result<void> Copier::make(const TableSpec& spec) {
  auto made = ask<void>([&](auto done) { node_.tables().create_table(spec, std::move(done)); }, cancelled_);
  return !made && made.error().code == ErrorCode::kAlreadyExists ? Result<void>() : made;
}

Result<void> Copier::put(const std::string& table, std::vector<RowPut> rows) {
  if (rows.empty()) return {};
  return ask<void>([&](auto done) { node_.tables().put(table, std::move(rows), std::move(done)); }, cancelled_);
}

Result<void> Copier::pages() {
  const auto all = months(base_.all_rollups(), &Names::rollups);
  if (!all) return tl::unexpected(all.error());
  for (const auto month : *all) {
    if (next_) {
      if (auto made = make(worker::rollups_table(*next_, month, tables_)); !made) return made;
    }
    const auto visit = [&](std::vector<Row> rows) -> Result<void> {
      std::vector<RowPut> puts;
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
        RowPut whole{row.key, {}};
        for (auto& [source, cells] : of_source) {
          key->source = source;
          if (auto taken = take_page(*key, std::move(cells), whole); !taken) return taken;
        }
        if (!whole.cells.empty()) puts.push_back(std::move(whole));
      }
      return next_ ? put(next_->rollups(month), std::move(puts)) : Result<void>();
    };
    auto going = scan(base_.rollups(month), visit);
    if (going) going = put_divided(month);
    if (!going) return going;
  }
  return {};
}

/// A page whose cells are all from before the floor is copied; of one that went on behind it, the earlier part is counted.
Result<void> Copier::take_page(const rollup::PageKey& key, std::vector<Cell> cells, RowPut& whole) {
  const auto floor = floors_.find(key.source);
  const auto position = std::max_element(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
                          return a.timestamp < b.timestamp;
                        })->timestamp;
  if (floor == floors_.end() || Offset{position} <= floor->second) {
    ++found_.pages;
    auto put = as_put({{}, std::move(cells)});
    std::move(put.cells.begin(), put.cells.end(), std::back_inserter(whole.cells));
    return {};
  }
  const auto first = std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) {
    return cell.qualifier == rollup::page_qualifier({0, 0}, key.source);
  });
  if (first == cells.end()) return {};  // nothing of it counts yet
  const auto chunk = rollup::decode_chunk(first->value);
  if (!chunk) return tl::unexpected(chunk.error());
  if (chunk->first_offset >= floor->second) return {};
  ++found_.divided;
  if (next_) divided_.push_back({key, floor->second, chunk->rules});
  return {};
}

Result<void> Copier::put_divided(Month month) {
  const auto pages = pages_below(node_.tables(), base_, limits_, divided_);
  divided_.clear();
  if (!pages) return tl::unexpected(pages.error());
  return next_ ? put(next_->rollups(month), *pages) : Result<void>();
}

Result<void> Copier::event_rows() {
  const auto all = months(base_.all_events(), &Names::events);
  if (!all) return tl::unexpected(all.error());
  for (const auto month : *all) {
    if (next_->events(month) == base_.events(month)) continue;  // read where it is
    for (const auto& spec :
         {worker::events_table(*next_, month, tables_), worker::index_table(*next_, month, tables_)}) {
      if (auto made = make(spec); !made) return made;
    }
    const auto visit = [&](std::vector<Row> rows) -> Result<void> {
      std::map<SourceId, event::Decisions> kept;  // views into the rows
      std::vector<RowPut> puts, index;
      for (const auto& row : rows) {
        const auto stored = event::parse_event_row(row);
        if (!stored) return tl::unexpected(stored.error());
        if (below(stored->source, stored->event.offset)) {
          auto& decisions = kept[stored->source];
          decisions.source = stored->source;
          decisions.accepted.push_back(stored->event);
        }
      }
      for (const auto& [source, decisions] : kept) {
        for (auto& [_, of_month] : worker::index_rows(decisions, Offset{0}))
          std::move(of_month.begin(), of_month.end(), std::back_inserter(index));
      }
      for (auto& row : rows) {
        const auto key = event::parse_event_row_key(row.key);
        if (key && below(key->source, key->offset)) puts.push_back(as_put(std::move(row)));
      }
      found_.rows += puts.size();
      if (auto indexed = put(next_->index(month), std::move(index)); !indexed) return indexed;
      return put(next_->events(month), std::move(puts));
    };
    if (auto scanned = scan(base_.events(month), visit); !scanned) return scanned;
  }
  return {};
}

Result<void> Copier::bad_rows() {
  return scan(base_.bad(), [&](std::vector<Row> rows) -> Result<void> {
    std::vector<RowPut> puts;
    for (auto& row : rows) {
      const auto key = event::parse_bad_row_key(row.key);
      if (!key) return tl::unexpected(key.error());
      if (below(key->source, key->offset)) puts.push_back(as_put(std::move(row)));
    }
    found_.rows += puts.size();
    return put(next_->bad(), std::move(puts));
  });
}

/// The ledger of a source begins at its floor. Only those that are taken over whole have one to take over.
Result<void> Copier::ledger() {
  return scan(base_.ledger(), [&](std::vector<Row> rows) -> Result<void> {
    std::vector<RowPut> puts;
    for (auto& row : rows) {
      const auto key = event::parse_ledger_row(row.key);
      if (!key) return tl::unexpected(key.error());
      if (!floors_.contains(key->source)) puts.push_back(as_put(std::move(row)));
    }
    return put(next_->ledger(), std::move(puts));
  });
}

}  // namespace

Result<Below> look_below(Node& node, const Names& base, const Floors& floors,
                         const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  const std::optional<Names> nowhere;
  Copier copier(node, base, nowhere, floors, progress, cancelled);
  if (const auto looked = copier.pages(); !looked) return tl::unexpected(looked.error());
  return copier.found();
}

Result<Below> copy_below(Node& node, const Names& base, const Names& next, const Floors& floors,
                         const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  const std::optional<Names> there(next);
  Copier copier(node, base, there, floors, progress, cancelled);
  auto going = copier.pages();
  if (going) going = copier.event_rows();
  if (going) going = copier.bad_rows();
  if (going) going = copier.ledger();
  if (!going) return tl::unexpected(going.error());
  return copier.found();
}

}  // namespace guidepost::app
