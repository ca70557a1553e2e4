// Rows of the index tables: the events of a device, and the devices of a customer. Format: proto/index.md.
#pragma once

#include <string>
#include <string_view>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::event {

inline constexpr std::string_view kIndexFamily = "i";

/// Names an event row of the same month. Views point into the row key.
struct IndexedEvent {
  std::string_view merchant;
  std::string_view guid;
  TimeMs time;
  SourceId source;
  Offset offset;
};
/// One row an event; timestamp is the record time.
RowPut event_index_row(SourceId source, const Accepted& event);
/// First row of a guid's events at or after `time`: a scan of [from, to) stops there for `to`.
std::string event_index_start(std::string_view merchant, std::string_view guid, TimeMs time);
/// What all rows of a guid's events begin with, and no other row.
std::string event_index_prefix(std::string_view merchant, std::string_view guid);
/// Errors: kCorrupt.
Result<IndexedEvent> parse_event_index_row(std::string_view row);
/// The key of the event row that is meant.
std::string event_row_key(const IndexedEvent& event);

/// A device with an event that was resolved to the customer. Views point into the row key.
struct IndexedDevice {
  std::string_view merchant;
  std::string_view customer;
  std::string_view guid;
};
/// Of an event that has a customer; timestamp is the record time: in the end, that of the device's last event of the
/// customer, in whatever order they are put.
RowPut device_index_row(const Accepted& event);
/// What all rows of a customer's devices begin with, and no other row.
std::string device_index_prefix(std::string_view merchant, std::string_view customer);
/// Errors: kCorrupt.
Result<IndexedDevice> parse_device_index_row(std::string_view row);

}  // namespace guidepost::event
