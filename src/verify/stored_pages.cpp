#include "verify/stored_pages.hpp"

#include <algorithm>
#include <thread>

namespace guidepost::verify {
namespace {

constexpr std::chrono::milliseconds kPauseOfHalfAPage{100};

// Rows fetched at once: one may be of many chunks of many sources.
constexpr std::size_t kRowsPerPage = 16;

/// First bucket of a month, and of the one after it.
Bucket first_bucket(Month month) { return Bucket::of(month.start()); }

}  // namespace

Result<std::vector<Month>> months_of(TableStore& tables, const std::string& stem,
                                     const std::function<std::string(Month)>& table, const Patience& patience) {
  const auto listed = await_patiently<std::vector<std::string>>(
      patience, [&](auto done) { tables.list_tables(stem, std::move(done)); });
  if (!listed) return tl::unexpected(listed.error());
  return months_in(*listed, table);
}

Result<void> StoredPages::open() {
  auto months = months_of(
      tables_, names_.all_rollups(), [&](Month m) { return names_.rollups(m); }, findings_.options().patience);
  if (!months) return tl::unexpected(std::move(months.error()));
  months_ = std::move(*months);
  return {};
}

Result<std::optional<Bucket>> StoredPages::next(Bucket from, Bucket to) {
  for (const auto month : months_) {
    if (first_bucket(month.next()) <= from) continue;
    ScanRequest request;
    request.start = rollup::page_row(merchant_, rollup::Span::kBucket, std::max(from, first_bucket(month)));
    request.stop = rollup::page_row(merchant_, rollup::Span::kBucket, std::min(to, first_bucket(month.next())));
    if (request.start >= request.stop) continue;
    request.cells.family = rollup::kPageFamily;
    request.max_rows = 1;
    const auto page = await_patiently<ScanPage>(findings_.options().patience, [&](auto done) {
      tables_.scan(names_.rollups(month), request, std::move(done));
    });
    if (!page) return tl::unexpected(page.error());
    if (page->rows.empty()) continue;
    const auto key = rollup::parse_page_row(page->rows[0].key);
    if (!key) return tl::unexpected(key.error());
    return key->bucket;
  }
  return std::nullopt;
}

Result<PagesBySource> StoredPages::read(Bucket from, Bucket& to, std::uint64_t events) {
  PagesBySource pages;
  std::uint64_t taken = 0;
  for (const auto month : months_) {
    if (first_bucket(month.next()) <= from || first_bucket(month) >= to) continue;
    ScanRequest request;
    request.start = rollup::page_row(merchant_, rollup::Span::kBucket, std::max(from, first_bucket(month)));
    request.stop = rollup::page_row(merchant_, rollup::Span::kBucket, std::min(to, first_bucket(month.next())));
    request.cells.family = rollup::kPageFamily;
    request.max_rows = kRowsPerPage;
    do {
      auto page = await_patiently<ScanPage>(findings_.options().patience, [&](auto done) {
        tables_.scan(names_.rollups(month), request, std::move(done));
      });
      if (!page) return tl::unexpected(std::move(page.error()));
      for (const auto& row : page->rows) {
        const auto key = rollup::parse_page_row(row.key);
        if (!key) return tl::unexpected(key.error());
        if (taken >= events) {
          to = key->bucket;
          return pages;
        }
        auto whole = when_whole(month, row);
        if (!whole) return tl::unexpected(std::move(whole.error()));
        taken += take(*whole, pages);
      }
      request.start = std::move(page->next);
    } while (!request.start.empty());
  }
  return pages;
}

/// Whether the page is being written, or was left by a writer that died: a chunk is ahead of chunk 0, which comes last, and of
/// D. Below D everything is in the tables: what is ahead there was left by a zombie, and holds what chunk 0 says as well.
bool StoredPages::is_half_written(SourceId source, Offset first, Offset other) const {
  return other > first && other > findings_.durable(source);
}

bool StoredPages::is_half_written(const Row& row) const {
  std::map<SourceId, std::pair<Offset, Offset>> newest;  // of chunk 0, of the others
  for (const auto& cell : row.cells) {
    const auto id = rollup::parse_page_qualifier(cell.qualifier);
    if (!id) continue;
    auto& of_source = newest[id->second];
    auto& position = id->first.chunk == 0 ? of_source.first : of_source.second;
    position = std::max(position, Offset{cell.timestamp});
  }
  return std::any_of(newest.begin(), newest.end(),
                     [&](const auto& n) { return is_half_written(n.first, n.second.first, n.second.second); });
}

/// The row, or what it has become: of a page that is just being written in several puts chunk 0 comes last. One whose
/// writer died in the middle stays so until another finishes it.
Result<Row> StoredPages::when_whole(Month month, Row row) {
  const auto until = Executor::Clock::now() + findings_.options().settle;
  while (is_half_written(row) && Executor::Clock::now() < until) {
    std::this_thread::sleep_for(kPauseOfHalfAPage);
    RowGet get{row.key, {}};
    get.cells.family = rollup::kPageFamily;
    auto rows = await_patiently<std::vector<Row>>(
        findings_.options().patience, [&](auto done) { tables_.get(names_.rollups(month), {get}, std::move(done)); });
    if (!rows) return tl::unexpected(std::move(rows.error()));
    row = std::move(rows->front());
  }
  return row;
}

/// Gives the events that the row's pages count.
std::uint64_t StoredPages::take(const Row& row, PagesBySource& pages) {
  const auto bucket = rollup::parse_page_row(row.key)->bucket;
  std::uint64_t events = 0;
  std::map<SourceId, std::vector<const Cell*>> cells;
  for (const auto& cell : row.cells) {
    const auto id = rollup::parse_page_qualifier(cell.qualifier);
    if (id) {
      cells[id->second].push_back(&cell);
    } else {
      findings_.add({merchant_, {}, bucket.start(), "page", "", "", id.error().message, 0, 0});
    }
  }
  for (const auto& [source, of_source] : cells) {
    auto page = assemble(bucket, source, of_source);
    if (!page) continue;
    events += page->events;
    pages.emplace(std::pair(bucket, source), std::move(*page));
  }
  return events;
}

/// Chunk 0 says which of the others are valid: what they were before a split is left over.
std::optional<StoredPage> StoredPages::assemble(Bucket bucket, SourceId source, const std::vector<const Cell*>& cells) {
  const auto wrong = [&](std::string what) {
    findings_.add({merchant_, source, bucket.start(), "page", "", "", std::move(what), 0, 0});
    return std::nullopt;
  };
  std::vector<rollup::StoredChunk> chunks;
  const rollup::StoredChunk* first = nullptr;
  for (const auto* cell : cells) {
    auto chunk = rollup::decode_chunk(cell->value);
    if (!chunk) return wrong(chunk.error().message);
    if (chunk->position.value != cell->timestamp) return wrong("a cell's timestamp is not its position");
    if (chunk->id != rollup::parse_page_qualifier(cell->qualifier)->first) return wrong("a chunk is in another's cell");
    chunks.push_back(std::move(*chunk));
  }
  for (const auto& chunk : chunks) {
    if (chunk.id.chunk == 0) first = &chunk;
  }
  if (first == nullptr) return wrong("it is half written (no chunk 0), and nobody goes on with it");
  StoredPage page{first->position, first->first_offset, first->events, {}};
  const auto bits = first->valid_bits;
  for (auto& chunk : chunks) {
    if (chunk.id.chunk != 0 && chunk.id.bits != bits) continue;
    if (is_half_written(source, page.position, chunk.position))
      return wrong("it is half written, and nobody goes on with it");
    for (auto& entry : chunk.entries) {
      if (entry.bucket != bucket) return wrong("it holds another bucket");
      page.entries.push_back(std::move(entry));
    }
  }
  return page;
}

}  // namespace guidepost::verify
