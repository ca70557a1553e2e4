#include "query/contents.hpp"

#include <functional>

#include "guidepost/event/event_row.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::query {
namespace {

constexpr std::size_t kSaltBytes = 1;  // what both kinds of rows have before the merchant

using MerchantOf = std::function<Result<std::string>(std::string_view row)>;

/// From each row found on to the first of another merchant.
Result<void> add_merchants(TableStore& tables, const std::string& table, const CellFilter& cells,
                           std::set<std::string>& found, const MerchantOf& merchant_of) {
  ScanRequest request;
  request.cells = cells;
  request.max_rows = 1;
  while (true) {
    const auto page = await<ScanPage>([&](auto done) { tables.scan(table, request, std::move(done)); });
    if (!page) return tl::unexpected(page.error());
    if (page->rows.empty()) return {};
    const auto& row = page->rows.front().key;
    auto merchant = merchant_of(row);
    if (!merchant) return tl::unexpected(std::move(merchant.error()));
    request.start = row.substr(0, kSaltBytes) + *merchant + '\1';
    found.insert(std::move(*merchant));
  }
}

}  // namespace

Result<std::vector<Month>> months_of(TableStore& tables, const std::string& stem,
                                     const std::function<std::string(Month)>& table) {
  return await<std::vector<std::string>>([&](auto done) { tables.list_tables(stem, std::move(done)); })
      .map([&](const std::vector<std::string>& listed) { return months_in(listed, table); });
}

Result<std::set<std::string>> merchants_of_rollups(TableStore& tables, const Names& names,
                                                   const std::vector<Month>& months) {
  CellFilter cells;
  cells.family = rollup::kPageFamily;
  std::set<std::string> found;
  for (const auto month : months) {
    auto added = add_merchants(tables, names.rollups(month), cells, found, [](std::string_view row) {
      return rollup::parse_page_row(row).map([](const rollup::PageKey& key) { return key.merchant; });
    });
    if (!added) return tl::unexpected(std::move(added.error()));
  }
  return found;
}

Result<std::set<std::string>> merchants_of_events(TableStore& tables, const Names& names,
                                                  const std::vector<Month>& months) {
  const auto& guid = event::spec(event::Field::kGuid);  // every event has one
  CellFilter cells;
  cells.family = guid.family;
  cells.qualifiers = {std::string(guid.qualifier)};
  std::set<std::string> found;
  for (const auto month : months) {
    auto added = add_merchants(tables, names.events(month), cells, found, [](std::string_view row) {
      return event::parse_event_row_key(row).map([](const auto& key) { return std::string(key.merchant); });
    });
    if (!added) return tl::unexpected(std::move(added.error()));
  }
  return found;
}

}  // namespace guidepost::query
