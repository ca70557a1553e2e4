#include "query/previous.hpp"

namespace guidepost::query {

namespace chr = std::chrono;

Previous::Previous(TimeMs from, TimeMs to, const TimeZone& zone) : from_(from), to_(from) {
  const auto first = zone.day_beginning_at(from);
  const auto end = zone.day_beginning_at(to);
  if (!first || !end) {
    duration_ = to - from;
    from_ = from - duration_;
  } else if (first->day() == chr::day{1} && end->day() == chr::day{1}) {
    months_ = (end->year() / end->month()) - (first->year() / first->month());
    from_ = zone.start_of(*first - months_);
  } else {
    days_ = chr::sys_days{*end} - chr::sys_days{*first};
    from_ = zone.start_of(chr::sys_days{*first} - days_);
  }
}

std::optional<TimeMs> Previous::beside(TimeMs t, Interval interval, const TimeZone& zone) const {
  if (duration_.count() != 0) return zone.floor(t + duration_, interval);
  // Months differ in length: whole ones stand beside one another, whatever days they have.
  const bool whole_months = months_.count() != 0 && interval == Interval::kMonth;
  const auto later = zone.moved(whole_months ? zone.floor(t, interval) : t, months_, days_);
  if (!later) return std::nullopt;
  return zone.floor(*later, interval);
}

}  // namespace guidepost::query
