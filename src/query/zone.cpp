#include "query/zone.hpp"

#include <algorithm>
#include <stdexcept>

#include <date/tz.h>
#include <fmt/format.h>

namespace guidepost::query {
namespace {

namespace chr = std::chrono;

const date::time_zone& zone_of(const void* zone) { return *static_cast<const date::time_zone*>(zone); }

date::local_days local_day(chr::year_month_day day) { return date::local_days{chr::sys_days{day}.time_since_epoch()}; }

chr::year_month_day calendar_day(date::local_days day) {
  return chr::year_month_day{chr::sys_days{day.time_since_epoch()}};
}

}  // namespace

std::string_view to_string(Interval interval) {
  switch (interval) {
    case Interval::kQuarterHour:
      return "15min";
    case Interval::kHour:
      return "hour";
    case Interval::kDay:
      return "day";
    case Interval::kWeek:
      return "week";
    case Interval::kMonth:
      return "month";
  }
  return "unknown";
}

Result<TimeZone> TimeZone::find(std::string_view name) {
  try {
    return TimeZone(std::string(name), date::locate_zone(name));
  } catch (const std::runtime_error&) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no time zone of this system; zones are named like Europe/Berlin or UTC", name));
  }
}

TimeMs TimeZone::start_of(chr::year_month_day day) const {
  return chr::floor<chr::milliseconds>(zone_of(zone_).to_sys(local_day(day), date::choose::earliest));
}

TimeMs TimeZone::floor(TimeMs t, Interval interval) const {
  const auto offset = zone_of(zone_).get_info(t);
  const date::local_time<chr::milliseconds> local{t.time_since_epoch() + offset.offset};
  if (interval == Interval::kQuarterHour || interval == Interval::kHour) {
    const auto width = interval == Interval::kHour ? chr::minutes{60} : Bucket::kSpan;
    const auto into = local.time_since_epoch() - chr::floor<chr::minutes>(local.time_since_epoch()) +
                      (chr::floor<chr::minutes>(local.time_since_epoch()) % width);
    return std::max(t - into, TimeMs{chr::ceil<chr::milliseconds>(offset.begin)});
  }
  auto day = chr::floor<date::days>(local);
  if (interval == Interval::kWeek) {
    const chr::weekday weekday{chr::sys_days{day.time_since_epoch()}};
    day -= weekday - chr::Monday;
  }
  auto date = calendar_day(day);
  if (interval == Interval::kMonth) date = date.year() / date.month() / 1;
  return start_of(date);
}

std::optional<chr::year_month_day> TimeZone::day_beginning_at(TimeMs t) const {
  const date::local_time<chr::milliseconds> local{(t + zone_of(zone_).get_info(t).offset).time_since_epoch()};
  const auto day = calendar_day(chr::floor<date::days>(local));
  if (start_of(day) != t) return std::nullopt;
  return day;
}

std::optional<TimeMs> TimeZone::moved(TimeMs t, chr::months months, chr::days days) const {
  const date::local_time<chr::milliseconds> local{(t + zone_of(zone_).get_info(t).offset).time_since_epoch()};
  const auto day = chr::floor<date::days>(local);
  const auto date = calendar_day(day) + months;
  if (!date.ok()) return std::nullopt;
  const auto then = local_day(date) + days + (local - day);
  return chr::floor<chr::milliseconds>(zone_of(zone_).to_sys(then, date::choose::earliest));
}

std::string TimeZone::rfc3339(TimeMs t) const {
  const auto offset = zone_of(zone_).get_info(t).offset;
  const auto local = chr::floor<chr::seconds>(t) + offset;
  const auto days = chr::floor<chr::days>(local);
  const chr::year_month_day date{days};
  const chr::hh_mm_ss time{local - days};
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                          time.minutes().count(), time.seconds().count());
  const auto minutes = chr::duration_cast<chr::minutes>(offset).count();
  if (minutes == 0) return text + "Z";
  return text + fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::optional<chr::year_month_day> parse_date(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  int numbers[3] = {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) continue;
    if (!digit(i)) return std::nullopt;
    auto& number = numbers[i < 4 ? 0 : i < 7 ? 1 : 2];
    number = number * 10 + (text[i] - '0');
  }
  const chr::year_month_day day{chr::year{numbers[0]}, chr::month{static_cast<unsigned>(numbers[1])},
                                chr::day{static_cast<unsigned>(numbers[2])}};
  if (!day.ok()) return std::nullopt;
  return day;
}

}  // namespace guidepost::query
