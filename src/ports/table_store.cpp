#include "guidepost/ports/table_store.hpp"

#include <algorithm>

namespace guidepost {
namespace {

// HBase takes 32,767 bytes in a row, but finds its region by a key that also holds the table's name.
constexpr std::size_t kMaxRowKey = 32000;
constexpr std::size_t kMaxQualifier = 32767;
constexpr std::size_t kMaxFamilyName = 127;
constexpr std::size_t kMaxTableName = 200;
constexpr std::size_t kMaxValue = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kMaxPut = std::size_t{16} * 1024 * 1024;

Result<void> refuse(std::string why) { return fail(ErrorCode::kInvalidArgument, std::move(why)); }

Result<void> check_row_key(std::string_view row) {
  if (row.empty()) return refuse("a row key is empty");
  if (row.size() > kMaxRowKey) return refuse("a row key of " + std::to_string(row.size()) + " bytes is over 32000");
  return {};
}

Result<void> check_qualifier(std::string_view qualifier) {
  if (qualifier.size() <= kMaxQualifier) return {};
  return refuse("a qualifier of " + std::to_string(qualifier.size()) + " bytes is over 32767");
}

Result<void> check_filter(const CellFilter& filter) {
  if (filter.time.from < 0 || filter.time.to <= filter.time.from)
    return refuse("a range of timestamps is empty or negative");
  if (filter.versions < 1) return refuse("fewer than one version is asked for");
  if (filter.family.empty() && !filter.qualifiers.empty()) return refuse("qualifiers are given without their family");
  for (const auto& qualifier : filter.qualifiers) {
    if (auto ok = check_qualifier(qualifier); !ok) return ok;
  }
  return {};
}

bool is_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(),
                     [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                              c == '.' || c == '-';
                     }) &&
         name.front() != '.' && name.front() != '-';
}

}  // namespace

const Cell* Row::find(std::string_view family, std::string_view qualifier) const {
  for (const auto& cell : cells) {
    if (cell.family == family && cell.qualifier == qualifier) return &cell;
  }
  return nullptr;
}

std::string after_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Result<void> check(const RowPut& put) {
  if (auto ok = check_row_key(put.row); !ok) return ok;
  if (put.cells.empty()) return refuse("a put has no cells");
  std::size_t bytes = put.row.size();
  for (const auto& cell : put.cells) {
    if (cell.family.empty()) return refuse("a cell has no family");
    if (auto ok = check_qualifier(cell.qualifier); !ok) return ok;
    if (cell.timestamp < 0 || cell.timestamp == INT64_MAX)
      return refuse("a cell has the timestamp " + std::to_string(cell.timestamp));
    if (cell.value.size() > kMaxValue)
      return refuse("a value of " + std::to_string(cell.value.size()) + " bytes is over 8 MiB");
    bytes += cell.family.size() + cell.qualifier.size() + cell.value.size();
  }
  if (bytes > kMaxPut) return refuse("a put of " + std::to_string(bytes) + " bytes is over 16 MiB");
  return {};
}

Result<void> check(const RowGet& get) {
  if (auto ok = check_row_key(get.row); !ok) return ok;
  return check_filter(get.cells);
}

Result<void> check(const ScanRequest& request) {
  if (request.start.size() > kMaxRowKey + 1 || request.stop.size() > kMaxRowKey + 1)
    return refuse("a bound of a scan is over 32001 bytes");
  if (request.max_rows == 0) return refuse("a page of no rows is asked for");
  return check_filter(request.cells);
}

Result<void> check(const CheckAndPut& request) {
  if (request.put.row != request.row) return refuse("a check and its put are of different rows");
  if (request.family.empty()) return refuse("a check has no family");
  if (auto ok = check_qualifier(request.qualifier); !ok) return ok;
  if (request.expected && request.expected->size() > kMaxValue) return refuse("an expected value is over 8 MiB");
  return check(request.put);
}

Result<void> check(const TableSpec& spec) {
  if (!is_name(spec.name) || spec.name.size() > kMaxTableName)
    return refuse("'" + spec.name + "' is no name of a table");
  if (spec.families.empty()) return refuse("table " + spec.name + " has no family");
  std::vector<std::string_view> names;
  for (const auto& family : spec.families) {
    if (!is_name(family.name) || family.name.find('.') != std::string::npos || family.name.size() > kMaxFamilyName) {
      return refuse("'" + family.name + "' is no name of a family");
    }
    if (family.versions < 1) return refuse("family " + family.name + " keeps no version");
    names.push_back(family.name);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    return refuse("table " + spec.name + " names a family twice");
  if (!std::is_sorted(spec.split_keys.begin(), spec.split_keys.end()) ||
      std::adjacent_find(spec.split_keys.begin(), spec.split_keys.end()) != spec.split_keys.end() ||
      (!spec.split_keys.empty() && spec.split_keys.front().empty())) {
    return refuse("the split keys of table " + spec.name + " are not ascending and distinct");
  }
  return {};
}

}  // namespace guidepost
