#include "query/page_scan.hpp"

#include <algorithm>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "guidepost/base/codec.hpp"
#include "query/row_stream.hpp"

namespace guidepost::query {
namespace {

using rollup::Span;

// A row of a busy merchant is megabytes where all its chunks are wanted, kilobytes where chunk 0 is.
constexpr std::size_t kRowsOfFew = 500;
constexpr std::size_t kRowsOfAll = 16;
constexpr std::size_t kMaxNamedCells = 512;

// A batch is worth a wait of the other thread, and stays in its cache.
constexpr std::size_t kBatchEntries = 2000;
constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;

/// First bucket that begins at or after `t`.
Bucket bucket_from(TimeMs t) {
  const auto bucket = Bucket::of(t);
  return bucket.start() < t ? Bucket{bucket.value + 1} : bucket;
}

tl::unexpected<Error> corrupt(const Row& row, std::string_view what) {
  const auto key = rollup::parse_page_row(row.key);
  const auto where =
      key ? fmt::format("{}, bucket {}", key->merchant, key->bucket.value) : std::string("a row that is no page's");
  return fail(ErrorCode::kCorrupt, fmt::format("the rollups of {} {}", where, what));
}

}  // namespace

PageScan::PageScan(TableStore& tables, Names names, PageScanRequest request)
    : tables_(tables), names_(std::move(names)), request_(std::move(request)) {}

CellFilter PageScan::cells() const {
  CellFilter filter;
  filter.family = rollup::kPageFamily;
  const bool chunked = rollup::is_chunked(request_.dimension);
  if (chunked && !request_.value) return filter;
  std::vector<std::string> names;
  for (auto source : request_.sources) {
    names.push_back(rollup::page_qualifier({0, 0}, source));
    for (std::uint8_t bits = 0; chunked && bits <= rollup::kMaxBits; ++bits) {
      const auto h = hash64(*request_.value) & ((1U << bits) - 1);
      names.push_back(rollup::page_qualifier({bits, static_cast<std::uint8_t>(1 + h)}, source));
    }
  }
  if (names.size() <= kMaxNamedCells) filter.qualifiers = std::move(names);
  return filter;
}

Result<void> PageScan::run(const Visit& visit) {
  Result<void> read;
  std::jthread reader([&] {
    read = read_tables();
    relay_.end();
  });
  // However this ends, before it is waited for.
  const std::unique_ptr<Relay<Batch>, void (*)(Relay<Batch>*)> stop(&relay_, [](auto* relay) { relay->stop(); });
  while (const auto* batch = relay_.next()) {
    if (auto ok = visit(batch->entries); !ok) return ok;
  }
  reader.join();
  return read;
}

Result<void> PageScan::read_tables() {
  batch_ = relay_.empty();
  const auto end = bucket_from(request_.to);
  for (auto month = Month::of(request_.from); month.start() < request_.to; month = month.next()) {
    const auto from = std::max(bucket_from(request_.from), Bucket::of(month.start()));
    const auto to = std::min(end, Bucket::of(month.next().start()));
    if (from >= to || batch_ == nullptr) continue;
    auto ok = read_table(names_.rollups(month), from, to);
    if (!ok && ok.error().code != ErrorCode::kNotFound) return ok;
  }
  if (batch_ != nullptr) relay_.fill();
  return {};
}

Result<void> PageScan::read_table(const std::string& table, Bucket from, Bucket to) {
  ScanRequest request;
  request.start = rollup::page_row(request_.merchant, Span::kBucket, from);
  request.stop = rollup::page_row(request_.merchant, Span::kBucket, to);
  request.cells = cells();
  request.max_rows = request.cells.qualifiers.empty() ? kRowsOfAll : kRowsOfFew;
  RowStream rows(tables_, table, std::move(request));
  while (batch_ != nullptr) {
    const auto row = rows.next();
    if (!row) return tl::unexpected(row.error());
    if (*row == nullptr) return {};
    if (auto ok = read_row(**row); !ok) return ok;
    if (batch_->entries.size() >= kBatchEntries || batch_->bytes >= kBatchBytes) hand_over();
  }
  return {};
}

void PageScan::Batch::add(const rollup::ReadEntry& entry) {
  auto& own = entries.emplace_back(entry);
  const auto keep = [&](std::string_view& text) {
    text = shown.copy(text);
    bytes += text.size();
  };
  keep(own.value);
  for (auto& distinct : own.distinct) {
    keep(distinct.packed);
    keep(distinct.image);
  }
  own.money = shown.copy(own.money);
  bytes += own.money.size_bytes();
}

void PageScan::Batch::clear() {
  entries.clear();
  shown.reset();
  bytes = 0;
}

void PageScan::hand_over() {
  relay_.fill();
  batch_ = relay_.empty();
  if (batch_ != nullptr) batch_->clear();
}

Result<void> PageScan::read_row(const Row& row) {
  valid_.clear();
  for (const auto& cell : row.cells) {  // chunk 0 of every source sorts first
    if (auto ok = read_cell(row, cell); !ok) return ok;
  }
  return {};
}

Result<void> PageScan::read_cell(const Row& row, const Cell& cell) {
  const auto name = rollup::parse_page_qualifier(cell.qualifier);
  if (!name) return corrupt(row, "have a cell that is no page's");
  const auto [id, source] = *name;
  const bool first = id.chunk == 0;
  const bool chunked = rollup::is_chunked(request_.dimension);
  if (!first) {
    const auto of_source =
        std::find_if(valid_.begin(), valid_.end(), [&, s = source](const ValidBits& v) { return v.source == s; });
    if (of_source == valid_.end()) return {};  // chunk 0 is put last: this page is not there yet
    const bool may_hold = !request_.value || (hash64(*request_.value) & ((1U << id.bits) - 1)) == id.chunk - 1U;
    if (!chunked || of_source->bits != id.bits || !may_hold) return {};
  }
  const bool whole = first != chunked;
  auto ok = whole ? reader_.read(cell.value, request_.dimension, request_.columns) : reader_.read_header(cell.value);
  if (!ok) return corrupt(row, "cannot be read: " + ok.error().message);
  const auto& header = reader_.header();
  if (header.id != id || header.position.value != cell.timestamp)
    return corrupt(row, "have a cell that says it is another");
  if (first) valid_.push_back({source, header.valid_bits});
  ByteWriter seen;
  seen.text(row.key);
  seen.text(cell.qualifier);
  seen.fixed64(static_cast<std::uint64_t>(cell.timestamp));
  revision_ = hash64(seen.view(), revision_);
  if (request_.seen) {
    const auto key = rollup::parse_page_row(row.key);
    if (!key) return tl::unexpected(key.error());
    const auto position = first ? std::optional(header.position) : std::nullopt;
    request_.seen({key->bucket, source, position, reader_.entries()});
  }
  for (const auto& entry : reader_.entries()) {
    if (!request_.keep || request_.keep(entry)) batch_->add(entry);
  }
  return {};
}

}  // namespace guidepost::query
