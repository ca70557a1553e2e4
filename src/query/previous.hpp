// The time that an answer is compared with: as long, and just before.
#pragma once

#include <optional>

#include "query/zone.hpp"

namespace guidepost::query {

/// Whole months are compared with as many months, whole days with as many days (both of the local calendar), other
/// times with the same duration.
class Previous {
 public:
  Previous(TimeMs from, TimeMs to, const TimeZone& zone);

  TimeMs from() const { return from_; }
  TimeMs to() const { return to_; }
  /// Start of the interval of the asked time beside which `t`, of this time, is shown: where the same local time so much
  /// later lies. Nothing where there is no such day: the 31st of a month before one of 30 days counts in totals only.
  std::optional<TimeMs> beside(TimeMs t, Interval interval, const TimeZone& zone) const;

 private:
  TimeMs from_;
  TimeMs to_;
  std::chrono::months months_{0};
  std::chrono::days days_{0};
  std::chrono::milliseconds duration_{0};
};

}  // namespace guidepost::query
