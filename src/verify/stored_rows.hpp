// Event rows of one merchant, in slices of event time, from whatever month they were received in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/event/event_row.hpp"
#include "verify/findings.hpp"

namespace guidepost::verify {

/// Thread: one owner. Blocks: yes.
class StoredRows {
 public:
  StoredRows(TableStore& tables, const Names& names, std::string merchant, Findings& findings)
      : tables_(tables), names_(names), merchant_(std::move(merchant)), findings_(findings) {}
  /// Errors: of the store.
  Result<void> open();
  /// The time of the first row at or after `from`, below `to`.
  Result<std::optional<TimeMs>> next(TimeMs from, TimeMs to);
  /// Every row of [from, to) and of `margin` around it, in no order. The event's views are valid during the call.
  Result<void> read(TimeMs from, TimeMs to, std::chrono::milliseconds margin,
                    const std::function<void(const event::StoredEvent&)>& visit);

 private:
  /// One salt of one table.
  struct Strand {
    Month month;
    std::uint8_t salt = 0;
    bool looked = false;
    std::optional<TimeMs> next;  ///< first row when it was looked at; nothing: none
    std::optional<TimeMs> last;  ///< last row that was read
  };
  Result<void> look(TimeMs from, TimeMs to);
  bool may_have(const Strand& strand, TimeMs from, TimeMs to) const;

  TableStore& tables_;
  const Names& names_;
  std::string merchant_;
  Findings& findings_;
  std::vector<Strand> strands_;
};

}  // namespace guidepost::verify
