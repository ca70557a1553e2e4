// Reading the index tables: a customer's devices, and where the events of devices are.
#pragma once

#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/event/index_row.hpp"
#include "guidepost/ports/table_store.hpp"
#include "query/journey.hpp"

namespace guidepost::query {

/// Where one event is. Few bytes: there may be millions.
struct FoundEvent {
  TimeMs time;
  Offset offset;
  SourceId source;
  std::uint32_t device = 0;   ///< of the devices that were asked for
  std::uint32_t session = 0;  ///< filled by who counts sessions
  Month month;                ///< of its tables
};

/// Thread: one, that owns no state machine. Blocks: all of it.
class JourneyIndex {
 public:
  /// All outlive it.
  JourneyIndex(TableStore& tables, const Names& names, const JourneyRequest& request, const JourneyOptions& options)
      : tables_(tables), names_(names), request_(request), options_(options) {}

  /// Finds the months; before anything else. An event may be received, and so stored, long after it happened: there is
  /// no month that a time range alone rules out. Errors: of the store.
  Result<void> open();
  /// Devices with an event that was resolved to the request's customer, ascending. Errors: of the store; kCorrupt;
  /// kInvalidArgument (over max_devices).
  Result<std::vector<std::string>> devices();
  /// Events of [from, to), by device and then by time, source, offset. Errors: as devices() (over max_events).
  Result<std::vector<FoundEvent>> events(const std::vector<std::string>& devices, TimeMs from, TimeMs to);

 private:
  TableStore& tables_;
  const Names& names_;
  const JourneyRequest& request_;
  const JourneyOptions& options_;
  std::vector<Month> months_;  // that have an index table, ascending
};

}  // namespace guidepost::query
