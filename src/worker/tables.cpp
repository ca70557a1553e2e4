#include "worker/tables.hpp"

#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/index_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "identity/mapping.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {
namespace {

/// Keys that cut the values of a first byte below `range` into equal parts.
std::vector<std::string> even_splits(int regions, int range) {
  std::vector<std::string> keys;
  for (int i = 1; i < regions && i < range; ++i) keys.emplace_back(1, static_cast<char>(i * range / regions));
  return keys;
}

TableSpec table(std::string name, std::vector<std::string_view> families, Compression compression,
                std::int32_t versions = 1) {
  TableSpec spec{.name = std::move(name), .families = {}, .split_keys = {}};
  for (const auto family : families) spec.families.push_back({std::string(family), versions, compression});
  return spec;
}

constexpr int kAnyByte = 256;

}  // namespace

TableSpec rollups_table(const Names& names, Month month, const TableOptions& options) {
  // Pages are compressed already.
  auto spec = table(names.rollups(month), {rollup::kPageFamily}, Compression::kNone);
  spec.split_keys = even_splits(options.regions, kAnyByte);
  return spec;
}

TableSpec events_table(const Names& names, Month month, const TableOptions& options) {
  auto spec =
      table(names.events(month), {event::kEventFamilies.begin(), event::kEventFamilies.end()}, options.compression);
  spec.split_keys = even_splits(options.regions, event::kEventSalts);
  return spec;
}

TableSpec index_table(const Names& names, Month month, const TableOptions& options) {
  auto spec = table(names.index(month), {event::kIndexFamily}, options.compression);
  spec.split_keys = even_splits(options.regions, kAnyByte);
  return spec;
}

TableSpec bad_table(const Names& names, const TableOptions& options) {
  return table(names.bad(), {event::kBadFamily}, options.compression);
}

TableSpec ledger_table(const Names& names, const TableOptions& options) {
  return table(names.ledger(), {event::kLedgerFamily}, options.compression);
}

TableSpec mapping_table(const Names& names, const TableOptions& options) {
  // Every run's word about a valid_from is kept: what an event was resolved to can be asked again.
  auto spec = table(names.mapping(), {identity::kMappingFamily}, options.compression, FamilySpec::kAllVersions);
  spec.split_keys = even_splits(options.regions, kAnyByte);
  return spec;
}

TableSpec state_table(const Names& names, const TableOptions&) {
  return table(names.state(), {kStateFamily}, Compression::kNone);
}

std::vector<TableSpec> all_tables(const Names& names, TimeMs now, const TableOptions& options) {
  const auto month = Month::of(now);
  return {state_table(names, options),
          mapping_table(names, options),
          bad_table(names, options),
          ledger_table(names, options),
          rollups_table(names, month, options),
          rollups_table(names, month.next(), options),
          events_table(names, month, options),
          events_table(names, month.next(), options),
          index_table(names, month, options),
          index_table(names, month.next(), options)};
}

}  // namespace guidepost::worker
