// The ledger against rows, and against offsets.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "base/names.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "verify/findings.hpp"

namespace guidepost::verify {

/// The ledger's cells of one merchant, and what rows there are for them.
/// Thread: one owner. Blocks: load and read_bad.
class LedgerCheck {
 public:
  LedgerCheck(TableStore& tables, const Names& names, std::string merchant, Findings& findings)
      : tables_(tables), names_(names), merchant_(std::move(merchant)), findings_(findings) {}
  /// Before any row is read: a cell's rows are there when it is.
  Result<void> load();
  void add(const event::StoredEvent& stored) {
    add(stored.source, stored.event.record_time, stored.event.offset, &Counted::events, &Counted::event_rows);
  }
  Result<void> read_bad();
  void finish();

 private:
  struct Counted {
    bool stored = false;
    Offset position;
    event::LedgerCounts counts;
    std::uint64_t events = 0, bad = 0;  // rows below the position
    std::uint64_t behind = 0;           // rows from the position on, below D
    FirstOffsets event_rows = {}, bad_rows = {}, behind_rows = {};
  };
  void add(SourceId source, TimeMs record_time, Offset offset, std::uint64_t Counted::* kind,
           FirstOffsets Counted::* rows);

  TableStore& tables_;
  const Names& names_;
  std::string merchant_;
  Findings& findings_;
  std::map<std::pair<SourceId, std::chrono::sys_days>, Counted> cells_;
};

/// Each row's total is the sum of its merchants and the skipped; each source's totals are what its
/// position says that it has received. A flush puts several rows, and D once all of them are there: what does not add up
/// while the ledger is ahead of D is looked at again, for as long as VerifyOptions::settle. Blocks: yes. Errors: of the store.
Result<void> check_totals(TableStore& tables, const Names& names, Findings& findings);

}  // namespace guidepost::verify
