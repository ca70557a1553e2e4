#include "query/zone.hpp"

#include <gtest/gtest.h>

#include "base/time.hpp"

namespace guidepost::query {
namespace {

TimeZone zone(std::string_view name) { return *TimeZone::find(name); }
TimeMs at(std::string_view text) { return *parse_rfc3339(text); }

struct Case {
  const char* zone;
  const char* time;
  Interval interval;
  const char* start;
};

class Floor : public testing::TestWithParam<Case> {};

TEST_P(Floor, GivesTheStartOfTheLocalInterval) {
  const auto& c = GetParam();
  EXPECT_EQ(zone(c.zone).rfc3339(zone(c.zone).floor(at(c.time), c.interval)), c.start);
}

INSTANTIATE_TEST_SUITE_P(
    KnownZones, Floor,
    testing::Values(
        // Half and quarter hours: a local hour begins at :30 and :15 of UTC's.
        Case{"Asia/Kolkata", "2015-05-17T10:29:59Z", Interval::kHour, "2015-05-17T15:00:00+05:30"},
        Case{"Asia/Kolkata", "2015-05-17T10:30:00Z", Interval::kHour, "2015-05-17T16:00:00+05:30"},
        Case{"Asia/Kolkata", "2015-05-17T18:29:59Z", Interval::kDay, "2015-05-17T00:00:00+05:30"},
        Case{"Asia/Kolkata", "2015-05-17T18:30:00Z", Interval::kDay, "2015-05-18T00:00:00+05:30"},
        Case{"Australia/Eucla", "2015-05-17T15:14:00Z", Interval::kDay, "2015-05-17T00:00:00+08:45"},
        Case{"Australia/Eucla", "2015-05-17T15:15:00Z", Interval::kDay, "2015-05-18T00:00:00+08:45"},
        Case{"Australia/Eucla", "2015-05-17T15:20:00Z", Interval::kHour, "2015-05-18T00:00:00+08:45"},
        Case{"Asia/Kathmandu", "2015-05-17T18:15:00Z", Interval::kDay, "2015-05-18T00:00:00+05:45"},
        // New York, 8 March 2015: the clock jumps from 02:00 to 03:00.
        Case{"America/New_York", "2015-03-08T06:59:59Z", Interval::kHour, "2015-03-08T01:00:00-05:00"},
        Case{"America/New_York", "2015-03-08T07:00:00Z", Interval::kHour, "2015-03-08T03:00:00-04:00"},
        Case{"America/New_York", "2015-03-08T20:00:00Z", Interval::kDay, "2015-03-08T00:00:00-05:00"},
        Case{"America/New_York", "2015-03-09T03:59:59Z", Interval::kDay, "2015-03-08T00:00:00-05:00"},
        Case{"America/New_York", "2015-03-09T04:00:00Z", Interval::kDay, "2015-03-09T00:00:00-04:00"},
        // 1 November 2015: 01:00 to 02:00 occurs twice, as two hours.
        Case{"America/New_York", "2015-11-01T05:30:00Z", Interval::kHour, "2015-11-01T01:00:00-04:00"},
        Case{"America/New_York", "2015-11-01T06:30:00Z", Interval::kHour, "2015-11-01T01:00:00-05:00"},
        Case{"America/New_York", "2015-11-02T04:59:59Z", Interval::kDay, "2015-11-01T00:00:00-04:00"},
        Case{"America/New_York", "2015-11-02T05:00:00Z", Interval::kDay, "2015-11-02T00:00:00-05:00"},
        // Lord Howe's clock goes back by half an hour, at 02:00.
        Case{"Australia/Lord_Howe", "2015-04-04T14:45:00Z", Interval::kHour, "2015-04-05T01:00:00+11:00"},
        Case{"Australia/Lord_Howe", "2015-04-04T15:15:00Z", Interval::kHour, "2015-04-05T01:30:00+10:30"},
        Case{"Australia/Lord_Howe", "2015-04-04T15:30:00Z", Interval::kHour, "2015-04-05T02:00:00+10:30"},
        // Sao Paulo's 18 October 2015 begins at 01:00.
        Case{"America/Sao_Paulo", "2015-10-18T12:00:00Z", Interval::kDay, "2015-10-18T01:00:00-02:00"},
        // ISO weeks begin on Monday; months and years turn in local time.
        Case{"UTC", "2015-05-17T23:59:59Z", Interval::kWeek, "2015-05-11T00:00:00Z"},
        Case{"UTC", "2015-05-18T00:00:00Z", Interval::kWeek, "2015-05-18T00:00:00Z"},
        Case{"Asia/Kolkata", "2015-05-17T18:30:00Z", Interval::kWeek, "2015-05-18T00:00:00+05:30"},
        Case{"UTC", "2016-01-01T12:00:00Z", Interval::kWeek, "2015-12-28T00:00:00Z"},
        Case{"Asia/Kolkata", "2015-05-31T18:30:00Z", Interval::kMonth, "2015-06-01T00:00:00+05:30"},
        Case{"America/New_York", "2016-01-01T04:59:59Z", Interval::kMonth, "2015-12-01T00:00:00-05:00"},
        Case{"America/New_York", "2015-03-20T00:00:00Z", Interval::kMonth, "2015-03-01T00:00:00-05:00"},
        Case{"UTC", "2015-05-17T10:44:59Z", Interval::kQuarterHour, "2015-05-17T10:30:00Z"}));

std::int64_t hours_of_day(const char* name, int month, int day) {
  using namespace std::chrono;
  const auto date = year{2015} / month / day;
  const auto next = year_month_day{sys_days{date} + days{1}};
  return duration_cast<hours>(zone(name).start_of(next) - zone(name).start_of(date)).count();
}

TEST(TimeZone, DaysHave23And25HoursWhereTheClockChanges) {
  EXPECT_EQ(hours_of_day("America/New_York", 3, 8), 23);
  EXPECT_EQ(hours_of_day("America/New_York", 11, 1), 25);
  EXPECT_EQ(hours_of_day("America/New_York", 5, 17), 24);
  EXPECT_EQ(hours_of_day("Asia/Kolkata", 3, 8), 24);
}

TEST(TimeZone, RefusesNamesThatAreNone) {
  for (const auto* name : {"", "Mars/Olympus", "../../etc/passwd", "europe/berlin", "+02:00"}) {
    const auto found = TimeZone::find(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(ParseDate, TakesCalendarDaysOnly) {
  EXPECT_TRUE(parse_date("2016-02-29"));
  for (const auto* text : {"", "2015-02-29", "2015-13-01", "2015-5-17", "2015-05-17T", "20a5-05-17", "2015/05/17"})
    EXPECT_FALSE(parse_date(text)) << text;
}

}  // namespace
}  // namespace guidepost::query
