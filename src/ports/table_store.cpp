#include "guidepost/ports/table_store.hpp"

#include <algorithm>

namespace guidepost {
namespace {

constexpr std::size_t kMaxRowKey = 32767;
constexpr std::size_t kMaxValue = std::size_t{8} * 1024 * 1024;

Result<void> refuse(std::string why) { return fail(ErrorCode::kInvalidArgument, std::move(why)); }

Result<void> check_row_key(std::string_view row) {
  if (row.empty()) return refuse("a row key is empty");
  if (row.size() > kMaxRowKey) return refuse("a row key of " + std::to_string(row.size()) + " bytes is over 32767");
  return {};
}

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  }) && name.front() != '.' && name.front() != '-';
}

}  // namespace

const Cell* Row::find(std::string_view family, std::string_view qualifier) const {
  for (const auto& cell : cells) {
    if (cell.family == family && cell.qualifier == qualifier) return &cell;
  }
  return nullptr;
}

Result<void> check(const RowPut& put) {
  if (auto ok = check_row_key(put.row); !ok) return ok;
  if (put.cells.empty()) return refuse("a put has no cells");
  for (const auto& cell : put.cells) {
    if (cell.family.empty()) return refuse("a cell has no family");
    if (cell.timestamp < 0) return refuse("a cell has the negative timestamp " + std::to_string(cell.timestamp));
    if (cell.value.size() > kMaxValue) return refuse("a value of " + std::to_string(cell.value.size()) + " bytes is over 8 MiB");
  }
  return {};
}

Result<void> check(const RowGet& get) {
  if (auto ok = check_row_key(get.row); !ok) return ok;
  if (get.cells.time.from < 0 || get.cells.time.to <= get.cells.time.from) return refuse("a range of timestamps is empty or negative");
  if (get.cells.versions < 1) return refuse("fewer than one version is asked for");
  if (get.cells.family.empty() && !get.cells.qualifiers.empty()) return refuse("qualifiers are given without their family");
  return {};
}

Result<void> check(const TableSpec& spec) {
  if (!is_name(spec.name)) return refuse("'" + spec.name + "' is no name of a table");
  if (spec.families.empty()) return refuse("table " + spec.name + " has no family");
  for (const auto& family : spec.families) {
    if (!is_name(family.name) || family.name.find('.') != std::string::npos) return refuse("'" + family.name + "' is no name of a family");
    if (family.versions < 1) return refuse("family " + family.name + " keeps no version");
  }
  if (!std::is_sorted(spec.split_keys.begin(), spec.split_keys.end()) ||
      std::adjacent_find(spec.split_keys.begin(), spec.split_keys.end()) != spec.split_keys.end() ||
      (!spec.split_keys.empty() && spec.split_keys.front().empty())) {
    return refuse("the split keys of table " + spec.name + " are not ascending and distinct");
  }
  return {};
}

}  // namespace guidepost
