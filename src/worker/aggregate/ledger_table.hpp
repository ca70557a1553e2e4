// The ledger of one source in memory: absolute counts by day and merchant.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/event/ledger.hpp"
#include "guidepost/ports/table_store.hpp"
#include "worker/aggregate/obligations.hpp"

namespace guidepost::worker {

/// Its cells are small pages: absolute values, labelled with a position, loaded at the first touch.
/// Thread: one owner. Blocks: never.
class LedgerTable {
 public:
  LedgerTable(SourceId source, Obligations& obligations) : source_(source), obligations_(obligations) {}

  /// Reads that must come before the decisions from `chain` on can be counted; empty: none.
  std::vector<RowGet> missing(const event::Decisions& decisions, Offset chain) const;
  /// What those reads gave, in their order. Errors: kCorrupt.
  Result<void> loaded(const std::vector<RowGet>& gets, const std::vector<Row>& rows);
  /// Counts every offset of the block at or above `chain`; what a cell holds already is passed over.
  void count(const event::Decisions& decisions, Offset chain, Offset at, Executor::Clock::time_point now);

  bool due(Executor::Clock::time_point now, std::chrono::milliseconds max_age) const;
  bool dirty() const { return dirty_ > 0; }
  /// The dirty cells, labelled, and their obligations, which the caller now holds.
  std::vector<RowPut> encode(Offset label, std::vector<Offset>& held);
  /// Forgets all clean cells when there are more than `limit` cells. Not while a put is on its way, nor between
  /// missing() and count() of a block.
  void evict(std::size_t limit);
  void clear();

 private:
  struct Entry {
    event::LedgerCounts counts;
    Offset position{0};  // contributions below it are in `counts` already
    std::optional<Offset> first_dirty;
  };
  struct Key {
    std::chrono::sys_days day;
    std::string merchant;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string>{}(key.merchant) ^
             static_cast<std::size_t>(key.day.time_since_epoch().count()) * 0x9e3779b97f4a7c15U;
    }
  };
  void touch(TimeMs record_time, std::string_view merchant, Offset offset, std::uint64_t event::LedgerCounts::* outcome,
             Offset at, Executor::Clock::time_point now);

  SourceId source_;
  Obligations& obligations_;
  std::unordered_map<Key, Entry, KeyHash> entries_;
  std::size_t dirty_ = 0;
  Executor::Clock::time_point dirty_since_;
};

}  // namespace guidepost::worker
