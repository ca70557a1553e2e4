#include "adapters/embedded/table_reads.hpp"

#include <algorithm>

namespace guidepost::embedded {
namespace {

constexpr std::size_t kPageBytes = std::size_t{4} * 1024 * 1024;

/// Walks the cells of rows, past the versions that are not wanted.
class RowWalk {
 public:
  RowWalk(rocksdb::Iterator& at, const StoredTable& table, const StoredFilter& filter)
      : at_(at), table_(table), filter_(filter) {}

  /// Reads the row that the iterator is in, and leaves it behind that row. Errors: kCorrupt.
  Result<void> read(Row& row, std::size_t& bytes) {
    const auto first = parse_cell_key(view(at_.key()));
    if (!first) return corrupt();
    const std::string prefix(first->row_prefix);
    while (at_.Valid() && at_.key().starts_with(prefix)) {
      const auto cell = parse_cell_key(view(at_.key()));
      if (!cell || cell->family >= table_.families.size()) return corrupt();
      if (filter_.family && cell->family < *filter_.family) {
        std::string next = prefix;
        next.push_back(static_cast<char>(*filter_.family));
        at_.Seek(next);
      } else if (filter_.family && cell->family > *filter_.family) {
        at_.Seek(prefix + '\xff');  // behind every family
        break;
      } else if (!wanted(cell->qualifier)) {
        leave_cell(std::string(cell->cell));
      } else {
        read_versions(*cell, row, bytes);
      }
    }
    return {};
  }

 private:
  bool wanted(std::string_view qualifier) const {
    return filter_.qualifiers.empty() ||
           std::find(filter_.qualifiers.begin(), filter_.qualifiers.end(), qualifier) != filter_.qualifiers.end();
  }
  /// Old versions pile up until files are merged: one seek instead of a walk over them.
  void leave_cell(std::string cell) {
    cell.append(9, '\xff');
    at_.Seek(cell);
  }
  void read_versions(const CellKey& first, Row& row, std::size_t& bytes) {
    const std::string cell(first.cell);
    const auto& family = table_.families[first.family];
    const std::string qualifier = unescaped(first.qualifier);
    std::int32_t kept = 0;
    std::int32_t taken = 0;
    for (; at_.Valid() && at_.key().starts_with(cell); at_.Next()) {
      const auto key = parse_cell_key(view(at_.key()));
      if (!key || kept == family.versions || taken == filter_.versions || key->timestamp < filter_.time.from) {
        leave_cell(cell);
        return;
      }
      ++kept;
      if (key->timestamp >= filter_.time.to) continue;
      row.cells.push_back({family.name, qualifier, key->timestamp, at_.value().ToString()});
      bytes += qualifier.size() + at_.value().size();
      ++taken;
    }
  }
  static Result<void> corrupt() { return fail(ErrorCode::kCorrupt, "a key of the table store is not one of ours"); }

  rocksdb::Iterator& at_;
  const StoredTable& table_;
  const StoredFilter& filter_;
};

}  // namespace

Result<StoredFilter> resolve(const StoredTable& table, const CellFilter& filter) {
  StoredFilter stored;
  stored.time = filter.time;
  stored.versions = filter.versions;
  if (!filter.family.empty()) {
    stored.family = table.family(filter.family);
    if (!stored.family) return fail(ErrorCode::kRefused, "table " + table.name + " has no family " + filter.family);
  }
  for (const auto& qualifier : filter.qualifiers) {
    std::string escaped;
    append_escaped(escaped, qualifier);
    escaped.append("\x00\x01", 2);
    stored.qualifiers.push_back(std::move(escaped));
  }
  return stored;
}

Result<Row> read_row(const Rocks& rocks, const StoredTable& table, const std::string& row, const StoredFilter& filter) {
  const std::string prefix = row_prefix(table.number, row);
  const std::string end = after_prefix(prefix);
  const rocksdb::Slice bound(end);
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;  // so bloom filters are asked: most rows of a mapping look-up are absent
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> at(rocks.db->NewIterator(options, rocks.bulk));
  Row result{row, {}};
  at->Seek(prefix);
  std::size_t bytes = 0;
  if (at->Valid()) {
    if (auto ok = RowWalk(*at, table, filter).read(result, bytes); !ok) return tl::unexpected(ok.error());
  }
  if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "get"));
  return result;
}

Result<ScanPage> read_page(const Rocks& rocks, const StoredTable& table, const ScanRequest& request,
                           const StoredFilter& filter) {
  const std::string end =
      request.stop.empty() ? after_prefix(table_prefix(table.number)) : row_start(table.number, request.stop);
  const rocksdb::Slice bound(end);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;  // a scan is larger than the cache, and seldom asked for twice: 7 % of a month's query
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> at(rocks.db->NewIterator(options, rocks.bulk));
  ScanPage page;
  if (!request.stop.empty() && request.stop <= request.start) return page;
  std::size_t bytes = 0;
  at->Seek(row_start(table.number, request.start));
  while (at->Valid()) {
    const auto first = parse_cell_key(view(at->key()));
    if (!first) return fail(ErrorCode::kCorrupt, "a key of the table store is not one of ours");
    Row row{unescaped(first->row), {}};
    if (page.rows.size() >= request.max_rows || bytes >= kPageBytes) {
      page.next = std::move(row.key);
      break;
    }
    if (auto ok = RowWalk(*at, table, filter).read(row, bytes); !ok) return tl::unexpected(ok.error());
    if (!row.empty()) {
      bytes += row.key.size();
      page.rows.push_back(std::move(row));
    }
  }
  if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "scan"));
  return page;
}

}  // namespace guidepost::embedded
