// First touch of a page or of a ledger cell: a strong read, before the block that needs it is applied.
#include <algorithm>
#include <set>

#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/aggregate/aggregate_partition.hpp"

namespace guidepost::worker {
namespace {

using event::Field;

RowGet page_get(const rollup::PageKey& key, std::vector<rollup::ChunkId> chunks) {
  CellFilter cells{.family = std::string(rollup::kPageFamily), .qualifiers = {}, .time = {}, .versions = 1};
  for (const auto chunk : chunks) cells.qualifiers.push_back(rollup::page_qualifier(chunk, key.source));
  return {rollup::page_row(key), std::move(cells)};
}

std::uint8_t valid_bits(const rollup::PageKey& key, const Row& row) {
  const Cell* first = row.find(rollup::kPageFamily, rollup::page_qualifier({0, 0}, key.source));
  if (first == nullptr) return 0;
  const auto chunk = rollup::decode_chunk(first->value);
  return chunk ? chunk->valid_bits : std::uint8_t{0};  // what cannot be read is refused when it is placed
}

}  // namespace

void AggregatePartition::load_missing() {
  const auto& decisions = current_->block.decisions();
  auto& source = *current_->source;
  std::map<Month, std::vector<rollup::PageKey>> pages;
  std::set<std::pair<std::string_view, Bucket>> asked;
  const auto need = [&](const event::Accepted& event) {
    const auto merchant = event.text[Field::kMerchant];
    const auto bucket = Bucket::of(event.time);
    if (source.pages.find(merchant, bucket) != nullptr || !asked.emplace(merchant, bucket).second) return;
    pages[Month::of(bucket.start())].push_back({std::string(merchant), rollup::Span::kBucket, bucket, source.id});
  };
  for (const auto& accepted : decisions.accepted) {
    if (accepted.offset >= source.chain.offset) need(accepted);
  }
  for (const auto& change : decisions.changes) {
    if (change.cause >= source.chain.offset) need(*decisions.subject(change));
  }
  current_->loads = 1;  // this function's own: nothing is applied before all reads are sent
  for (auto& [month, keys] : pages) load_pages(month, std::move(keys));
  auto ledger = source.ledger.missing(decisions, source.chain.offset);
  if (!ledger.empty()) load_ledger(std::move(ledger));
  load_done();
}

// Most pages were never split: one read gets all of them, and only a split one needs a second.
void AggregatePartition::load_pages(Month month, std::vector<rollup::PageKey> keys) {
  ++current_->loads;
  std::vector<RowGet> gets;
  gets.reserve(keys.size());
  for (const auto& key : keys) gets.push_back(page_get(key, {{0, 0}, {0, 1}}));
  auto get = [this, month, gets](Completion<std::vector<Row>> answer) {
    auto rows_or_none = [count = gets.size(), answer = std::move(answer)](Result<std::vector<Row>> rows) mutable {
      // A month without a table has no pages yet; it is made when the first page is written.
      if (!rows && rows.error().code == ErrorCode::kNotFound) return answer(std::vector<Row>(count));
      answer(std::move(rows));
    };
    needs_.tables.get(needs_.names.rollups(month), gets, {inline_executor(), std::move(rows_or_none)});
  };
  ask_while<std::vector<Row>>("pages", applying_, std::move(get),
                              [this, month, keys = std::move(keys)](std::vector<Row> rows) mutable {
                                load_split_pages(month, std::move(keys), std::move(rows));
                              });
}

void AggregatePartition::load_split_pages(Month month, std::vector<rollup::PageKey> keys, std::vector<Row> rows) {
  std::vector<rollup::PageKey> split;
  std::vector<std::uint8_t> asked;
  std::vector<RowGet> gets;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto bits = valid_bits(keys[i], rows[i]);
    if (bits == 0) {
      place_page(keys[i], rows[i]);
      if (closed()) return;
      continue;
    }
    std::vector<rollup::ChunkId> chunks{{0, 0}};
    for (int h = 0; h < (1 << bits); ++h) chunks.push_back({bits, static_cast<std::uint8_t>(1 + h)});
    gets.push_back(page_get(keys[i], chunks));
    split.push_back(std::move(keys[i]));
    asked.push_back(bits);
  }
  if (split.empty()) return load_done();
  auto get = [this, month, gets = std::move(gets)](Completion<std::vector<Row>> answer) {
    needs_.tables.get(needs_.names.rollups(month), gets, std::move(answer));
  };
  ask_while<std::vector<Row>>(
      "split pages", applying_, std::move(get),
      [this, month, split = std::move(split), asked = std::move(asked)](std::vector<Row> rows) mutable {
        place_split_pages(month, std::move(split), asked, std::move(rows));
      });
}

// Between the two reads a put may have split a page further (a zombie's, or one of ours from before a restart): its
// chunks are elsewhere then, and are asked for again.
void AggregatePartition::place_split_pages(Month month, std::vector<rollup::PageKey> keys,
                                           const std::vector<std::uint8_t>& asked, std::vector<Row> rows) {
  std::vector<rollup::PageKey> again;
  std::vector<Row> seen;
  for (std::size_t i = 0; i < keys.size() && !closed(); ++i) {
    if (valid_bits(keys[i], rows[i]) == asked[i]) {
      place_page(keys[i], rows[i]);
    } else {
      again.push_back(std::move(keys[i]));
      seen.push_back(std::move(rows[i]));
    }
  }
  if (closed()) return;
  if (again.empty()) return load_done();
  load_split_pages(month, std::move(again), std::move(seen));
}

void AggregatePartition::place_page(const rollup::PageKey& key, const Row& row) {
  std::vector<std::string_view> cells;
  cells.reserve(row.cells.size());
  for (const auto& cell : row.cells) cells.push_back(cell.value);
  if (cells.empty()) {
    current_->source->pages.insert(rollup::Page(key, needs_.options.page));
    return;
  }
  auto page = rollup::Page::load(key, needs_.options.page, cells);
  if (!page) return fail_partition(page.error());
  aggregate_metrics().pages_continued.add();
  ++current_->pages_continued;
  current_->source->pages.insert(std::move(*page));
}

void AggregatePartition::load_ledger(std::vector<RowGet> gets) {
  ++current_->loads;
  auto get = [this, gets](Completion<std::vector<Row>> answer) {
    needs_.tables.get(needs_.names.ledger(), gets, std::move(answer));
  };
  ask_while<std::vector<Row>>("ledger", applying_, std::move(get),
                              [this, gets = std::move(gets)](const std::vector<Row>& rows) {
                                const auto loaded = current_->source->ledger.loaded(gets, rows);
                                if (!loaded) return fail_partition(loaded.error());
                                load_done();
                              });
}

void AggregatePartition::load_done() {
  if (--current_->loads > 0) return;
  if (current_->pages_continued > 0) {
    log::info("pages_continued", {{"source", current_->source->id.value}, {"pages", current_->pages_continued}});
  }
  apply();
}

}  // namespace guidepost::worker
