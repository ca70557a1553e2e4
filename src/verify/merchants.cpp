#include "verify/merchants.hpp"

#include <functional>

#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "verify/scans.hpp"
#include "verify/stored_pages.hpp"

namespace guidepost::verify {
namespace {

/// The merchant of a row key, and how many bytes of the key stand before it.
struct Placed {
  std::string merchant;
  std::size_t before = 0;
};
using ParseKey = std::function<Result<Placed>(const std::string& row)>;

class Discovery {
 public:
  Discovery(TableStore& tables, const Patience& patience) : tables_(tables), patience_(patience) {}

  /// From each row found on to the first of another merchant.
  Result<void> skip_through(const std::string& table, std::string_view family, const ParseKey& parse) {
    ScanRequest request;
    request.cells.family = family;
    request.max_rows = 1;
    for (;;) {
      const auto page =
          await_patiently<ScanPage>(patience_, [&](auto done) { tables_.scan(table, request, std::move(done)); });
      if (!page) return tl::unexpected(page.error());
      if (page->rows.empty()) return {};
      const auto& row = page->rows[0].key;
      const auto placed = parse(row);
      if (!placed) return tl::unexpected(placed.error());
      request.start = row.substr(0, placed->before) + placed->merchant + '\1';
      found_.insert(placed->merchant);
    }
  }

  Result<void> ledger(const std::string& table) {
    ScanRequest request;
    request.cells.family = event::kLedgerFamily;
    return run_scans(tables_, {{table, request, ScanExtent::kAll}}, patience_,
                     [&](std::size_t, const Row& row) -> Result<void> {
                       for (const auto& cell : row.cells) {
                         if (cell.qualifier != event::kLedgerTotal) found_.insert(cell.qualifier);
                       }
                       return {};
                     });
  }

  std::set<std::string> take() && { return std::move(found_); }

 private:
  TableStore& tables_;
  const Patience& patience_;
  std::set<std::string> found_;
};

template <class Key>
Result<Placed> placed(const Result<Key>& key, std::size_t before) {
  if (!key) return tl::unexpected(key.error());
  return Placed{std::string(key->merchant), before};
}

}  // namespace

Result<std::set<std::string>> merchants_of(TableStore& tables, const Names& names, Findings& findings) {
  const auto& patience = findings.options().patience;
  Discovery discovery(tables, patience);
  Result<void> going = discovery.ledger(names.ledger());
  if (going) {
    going = discovery.skip_through(names.bad(), event::kBadFamily,
                                   [](const auto& row) { return placed(event::parse_bad_row_key(row), 0); });
  }
  const auto each_month = [&](const std::string& stem, std::string_view family, auto name, const ParseKey& parse) {
    const auto months = months_of(tables, stem, name, patience);
    if (!months) going = tl::unexpected(months.error());
    for (std::size_t i = 0; going && i < months->size(); ++i) {
      going = discovery.skip_through(name((*months)[i]), family, parse);
    }
  };
  if (going) {
    each_month(
        names.all_rollups(), rollup::kPageFamily, [&](Month m) { return names.rollups(m); },
        [](const auto& row) { return placed(rollup::parse_page_row(row), 1); });
  }
  if (going) {
    each_month(
        names.all_events(), event::kEventFamilies[3], [&](Month m) { return names.events(m); },
        [](const auto& row) { return placed(event::parse_event_row_key(row), 1); });
  }
  if (!going) return tl::unexpected(std::move(going.error()));
  return std::move(discovery).take();
}

}  // namespace guidepost::verify
