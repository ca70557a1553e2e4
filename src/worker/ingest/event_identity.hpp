// What two events have in common that are the same one.
#pragma once

#include <cstdint>
#include <string_view>

namespace guidepost::worker {

/// 128-bit hash of (merchant, guid, event id); with an empty id, of a device. How many of its bits are compared is up to
/// whoever keeps it.
struct EventIdentity {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  static EventIdentity of(std::string_view merchant, std::string_view guid, std::string_view event_id);
  bool operator==(const EventIdentity&) const = default;
};

}  // namespace guidepost::worker
