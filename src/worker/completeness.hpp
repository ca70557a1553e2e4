// Up to which moment everything that came into a partition is done.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

/// Lag as time. It learns now and then where the log ended at which moment; once everything below that is done, what
/// came until that moment is. So a log in which nothing happens is complete up to now, and a partition that falls behind is
/// as late as the oldest record that waits is old, also right after a start.
/// Memory is bounded: of many moments it keeps some, and is then a little too pessimistic.
class Completeness {
 public:
  /// The log ended before `end` at `when`, by the clock of this process or by the record at `end`.
  void ended(Offset end, TimeMs when);
  /// Everything below is done.
  void done(Offset position);

  /// Nothing: not known yet.
  std::optional<TimeMs> until() const { return until_; }
  /// As last seen, or what is done where that is more.
  std::optional<Offset> end() const { return end_; }
  /// Offsets that wait, holes among them.
  std::int64_t lag() const;

 private:
  struct Moment {
    Offset end;
    TimeMs when;
  };
  std::deque<Moment> moments_;  // beyond what is done; rising by both
  std::optional<Offset> end_;
  std::optional<Offset> done_;
  std::optional<TimeMs> until_;
};

}  // namespace guidepost::worker
