#include "adapters/hbase/batches.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace guidepost::hbase {
namespace {

// Field headers, lengths and the timestamp of a cell, and the same of a row.
constexpr std::size_t kCellOverhead = 32;
constexpr std::size_t kRowOverhead = 24;
constexpr std::size_t kRowsWhileUnknown = 64;

template <class T>
std::vector<std::vector<T>> cut_rows(std::vector<T> rows, std::size_t at_most, std::size_t bytes) {
  std::vector<std::vector<T>> batches;
  std::size_t filled = 0;
  for (auto& row : rows) {
    const auto size = wire_size(row);
    if (batches.empty() || batches.back().size() >= at_most || filled + size > bytes) {
      batches.emplace_back();
      batches.back().reserve(std::min(at_most, rows.size()));
      filled = 0;
    }
    batches.back().push_back(std::move(row));
    filled += size;
  }
  return batches;
}

}  // namespace

std::size_t wire_size(const RowPut& row) {
  std::size_t size = kRowOverhead + row.row.size();
  for (const auto& cell : row.cells)
    size += kCellOverhead + cell.family.size() + cell.qualifier.size() + cell.value.size();
  return size;
}

std::size_t wire_size(const RowGet& row) {
  std::size_t size = kRowOverhead + row.row.size() + kCellOverhead + row.cells.family.size();
  for (const auto& qualifier : row.cells.qualifiers) size += kCellOverhead + row.cells.family.size() + qualifier.size();
  return size;
}

std::vector<std::vector<RowPut>> cut(std::vector<RowPut> rows, std::size_t at_most, Bytes bytes) {
  return cut_rows(std::move(rows), at_most, bytes.value);
}

std::vector<std::vector<RowGet>> cut(std::vector<RowGet> rows, std::size_t at_most, Bytes bytes) {
  return cut_rows(std::move(rows), at_most, bytes.value);
}

bool repeats_a_row(const std::vector<RowPut>& rows) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(rows.size());
  return std::any_of(rows.begin(), rows.end(), [&](const RowPut& row) { return !seen.insert(row.row).second; });
}

std::size_t weight(const std::vector<Row>& rows) {
  std::size_t bytes = 0;
  for (const auto& row : rows) {
    bytes += kRowOverhead + row.key.size();
    for (const auto& cell : row.cells)
      bytes += kCellOverhead + cell.family.size() + cell.qualifier.size() + cell.value.size();
  }
  return bytes;
}

std::size_t RowWeights::rows_within(const std::string& table, Bytes bytes) const {
  std::lock_guard lock(mutex_);
  const auto known = bytes_per_row_.find(table);
  if (known == bytes_per_row_.end()) return kRowsWhileUnknown;
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(bytes.value) / known->second));
}

void RowWeights::learn(const std::string& table, const std::vector<Row>& rows) {
  // Absent rows say nothing about those that will be there.
  const auto present = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !row.empty(); });
  if (present == 0) return;
  const auto seen = static_cast<double>(weight(rows)) / static_cast<double>(present);
  std::lock_guard lock(mutex_);
  auto& known = bytes_per_row_.try_emplace(table, seen).first->second;
  // Heavier at once, lighter by and by: one reply too large costs more than one too small.
  known = std::max(seen, known * 0.75 + seen * 0.25);
}

}  // namespace guidepost::hbase
