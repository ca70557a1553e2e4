// Local time: where intervals of a time zone begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::query {

enum class Interval : std::uint8_t { kQuarterHour, kHour, kDay, kWeek, kMonth };
std::string_view to_string(Interval interval);  ///< as `--interval` takes it: `15min`, `hour`, ...

/// A time zone of the system's tz database. Thread: any. Blocks: find() reads the database once.
class TimeZone {
 public:
  /// By its IANA name. Errors: kInvalidArgument.
  static Result<TimeZone> find(std::string_view name);

  const std::string& name() const { return name_; }
  /// First instant of a local day; where the clock jumps over midnight, the instant of the jump.
  TimeMs start_of(std::chrono::year_month_day day) const;
  /// Start of the interval that a moment lies in. Days, ISO weeks and months follow the local calendar, so a day may have
  /// 23 or 25 hours. An hour that occurs twice gives two intervals; one that a jump cuts begins at the jump.
  TimeMs floor(TimeMs t, Interval interval) const;
  /// The local day that begins at `t`; nothing where none does.
  std::optional<std::chrono::year_month_day> day_beginning_at(TimeMs t) const;
  /// The same local time of day so many months and days later (a clock's jump is passed over; of a time that occurs twice,
  /// the first). Nothing where that month has no such day.
  std::optional<TimeMs> moved(TimeMs t, std::chrono::months months, std::chrono::days days) const;
  std::string rfc3339(TimeMs t) const;  ///< local time with its offset: `2015-05-17T00:00:00+05:30`

 private:
  TimeZone(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  const void* zone_;  // of the date library, which owns it
};

/// `2015-05-17`. Nothing where it is anything else, or no such day.
std::optional<std::chrono::year_month_day> parse_date(std::string_view text);

}  // namespace guidepost::query
