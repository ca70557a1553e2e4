#include "worker/aggregate/ledger_table.hpp"

#include <iterator>
#include <map>
#include <set>

#include "base/assert.hpp"

namespace guidepost::worker {
namespace {

using event::LedgerCounts;

/// Of a name of 40 bytes at most: far below what a put may be.
constexpr std::size_t kCellsOfAPut = 5000;

std::chrono::sys_days day_of(TimeMs t) { return std::chrono::floor<std::chrono::days>(t); }

/// Calls `each(record_time, merchant, offset, outcome)` for every offset at or above `chain`.
template <class Each>
void for_each_offset(const event::Decisions& decisions, Offset chain, Each each) {
  for (const auto& e : decisions.accepted) {
    if (e.offset >= chain) each(e.record_time, e.text[event::Field::kMerchant], e.offset, &LedgerCounts::counted);
  }
  for (const auto& e : decisions.bad) {
    if (e.offset >= chain) each(e.record_time, e.merchant, e.offset, &LedgerCounts::bad);
  }
  for (const auto& e : decisions.duplicates) {
    if (e.offset >= chain) each(e.record_time, e.merchant, e.offset, &LedgerCounts::duplicate);
  }
  for (const auto& e : decisions.skipped) {
    if (e.offset >= chain) each(e.record_time, event::kLedgerTotal, e.offset, &LedgerCounts::skipped);
  }
  for (const auto& e : decisions.lost) {
    if (e.offset >= chain) each(e.record_time, event::kLedgerTotal, e.offset, &LedgerCounts::lost);
  }
}

}  // namespace

std::vector<RowGet> LedgerTable::missing(const event::Decisions& decisions, Offset chain) const {
  std::map<std::chrono::sys_days, std::set<std::string>> wanted;
  Key key;
  for_each_offset(decisions, chain, [&](TimeMs time, std::string_view merchant, Offset, auto) {
    key.day = day_of(time);
    for (const auto name : {event::kLedgerTotal, merchant}) {
      key.merchant = name;
      if (!entries_.contains(key)) wanted[key.day].insert(key.merchant);
    }
  });
  std::vector<RowGet> gets;
  gets.reserve(wanted.size());
  for (const auto& [day, merchants] : wanted) {
    gets.push_back({event::ledger_row({source_, day}),
                    {.family = std::string(event::kLedgerFamily),
                     .qualifiers = {merchants.begin(), merchants.end()},
                     .time = {},
                     .versions = 1}});
  }
  return gets;
}

Result<void> LedgerTable::loaded(const std::vector<RowGet>& gets, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < gets.size(); ++i) {
    const auto key = event::parse_ledger_row(gets[i].row);
    if (!key) return tl::unexpected(key.error());
    for (const auto& merchant : gets[i].cells.qualifiers) {
      Entry entry;
      if (const Cell* cell = rows[i].find(event::kLedgerFamily, merchant)) {
        auto counts = event::decode_ledger(cell->value);
        if (!counts) return tl::unexpected(counts.error());
        entry.counts = *counts;
        entry.position = Offset{cell->timestamp};
      }
      entries_.emplace(Key{key->day, merchant}, entry);
    }
  }
  return {};
}

void LedgerTable::count(const event::Decisions& decisions, Offset chain, Offset at, Executor::Clock::time_point now) {
  for_each_offset(decisions, chain, [&](TimeMs time, std::string_view merchant, Offset offset, auto outcome) {
    touch(time, event::kLedgerTotal, offset, outcome, at, now);
    if (merchant != event::kLedgerTotal) touch(time, merchant, offset, outcome, at, now);
  });
}

void LedgerTable::touch(TimeMs record_time, std::string_view merchant, Offset offset,
                        std::uint64_t LedgerCounts::* outcome, Offset at, Executor::Clock::time_point now) {
  const auto found = entries_.find(Key{day_of(record_time), std::string(merchant)});
  GUIDEPOST_ASSERT(found != entries_.end());
  auto& entry = found->second;
  if (offset < entry.position) return;
  entry.counts.*outcome += 1;
  if (entry.first_dirty) return;
  entry.first_dirty = at;
  obligations_.add(at);
  if (dirty_++ == 0) dirty_since_ = now;
}

bool LedgerTable::due(Executor::Clock::time_point now, std::chrono::milliseconds max_age) const {
  return dirty_ > 0 && now - dirty_since_ >= max_age;
}

std::vector<RowPut> LedgerTable::encode(Offset label, std::vector<Offset>& held) {
  std::map<std::chrono::sys_days, std::vector<RowPut>> rows;
  for (auto& [key, entry] : entries_) {
    if (!entry.first_dirty) continue;
    held.push_back(*entry.first_dirty);
    entry.first_dirty.reset();
    entry.position = label;
    // Cells of a day do not hang together: a put of them all could become too large.
    auto& puts = rows[key.day];
    if (puts.empty() || puts.back().cells.size() == kCellsOfAPut)
      puts.push_back({event::ledger_row({source_, key.day}), {}});
    auto& row = puts.back();
    row.cells.push_back(
        {std::string(event::kLedgerFamily), key.merchant, label.value, event::encode_ledger(entry.counts)});
  }
  dirty_ = 0;
  std::vector<RowPut> out;
  for (auto& [day, puts] : rows) std::move(puts.begin(), puts.end(), std::back_inserter(out));
  return out;
}

void LedgerTable::evict(std::size_t limit) {
  if (entries_.size() <= limit) return;
  std::erase_if(entries_, [](const auto& item) { return !item.second.first_dirty; });
}

void LedgerTable::clear() {
  for (const auto& [key, entry] : entries_) {
    if (entry.first_dirty) obligations_.settle(*entry.first_dirty);
  }
  entries_.clear();
  dirty_ = 0;
}

}  // namespace guidepost::worker
