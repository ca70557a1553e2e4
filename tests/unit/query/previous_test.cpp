#include "query/previous.hpp"

#include <gtest/gtest.h>

#include "base/time.hpp"

namespace guidepost::query {
namespace {

TimeZone zone(std::string_view name) { return *TimeZone::find(name); }
TimeMs at(std::string_view text) { return *parse_rfc3339(text); }

struct Case {
  const char* zone;
  const char* from;
  const char* to;
  const char* previous;
};

class PreviousTime : public testing::TestWithParam<Case> {};

TEST_P(PreviousTime, IsAsLongAndJustBefore) {
  const auto& c = GetParam();
  const Previous previous(at(c.from), at(c.to), zone(c.zone));
  EXPECT_EQ(zone(c.zone).rfc3339(previous.from()), c.previous);
  EXPECT_EQ(previous.to(), at(c.from));
}

INSTANTIATE_TEST_SUITE_P(
    Times, PreviousTime,
    testing::Values(
        Case{"UTC", "2015-05-17T00:00:00Z", "2015-05-18T00:00:00Z", "2015-05-16T00:00:00Z"},
        Case{"UTC", "2015-05-04T00:00:00Z", "2015-05-11T00:00:00Z", "2015-04-27T00:00:00Z"},
        // Whole months are compared with months, whatever their lengths.
        Case{"UTC", "2015-05-01T00:00:00Z", "2015-06-01T00:00:00Z", "2015-04-01T00:00:00Z"},
        Case{"UTC", "2015-03-01T00:00:00Z", "2015-04-01T00:00:00Z", "2015-02-01T00:00:00Z"},
        Case{"UTC", "2015-01-01T00:00:00Z", "2015-04-01T00:00:00Z", "2014-10-01T00:00:00Z"},
        Case{"UTC", "2016-01-01T00:00:00Z", "2017-01-01T00:00:00Z", "2015-01-01T00:00:00Z"},
        Case{"UTC", "2015-05-01T00:00:00Z", "2015-05-31T00:00:00Z", "2015-04-01T00:00:00Z"},
        // Hours.
        Case{"UTC", "2015-05-17T10:00:00Z", "2015-05-17T12:15:00Z", "2015-05-17T07:45:00Z"},
        Case{"UTC", "2015-05-01T00:00:00Z", "2015-05-01T06:00:00Z", "2015-04-30T18:00:00Z"},
        // Days are those of the zone: of New York's 8 March 2015 with 23 hours, and of the day after it.
        Case{"America/New_York", "2015-03-08T05:00:00Z", "2015-03-09T04:00:00Z", "2015-03-07T00:00:00-05:00"},
        Case{"America/New_York", "2015-03-09T04:00:00Z", "2015-03-10T04:00:00Z", "2015-03-08T00:00:00-05:00"},
        Case{"Asia/Kolkata", "2015-05-16T18:30:00Z", "2015-05-17T18:30:00Z", "2015-05-16T00:00:00+05:30"},
        Case{"Asia/Kolkata", "2015-05-17T00:00:00Z", "2015-05-18T00:00:00Z", "2015-05-16T05:30:00+05:30"},
        Case{"Asia/Kolkata", "2015-04-30T18:30:00Z", "2015-05-31T18:30:00Z", "2015-04-01T00:00:00+05:30"}));

TEST(Moved, KeepsTheLocalTimeOfDay) {
  const auto new_york = zone("America/New_York");
  const auto moved = [&](const char* t, int months, int days) -> std::string {
    const auto then = new_york.moved(at(t), std::chrono::months{months}, std::chrono::days{days});
    return then ? new_york.rfc3339(*then) : "none";
  };
  EXPECT_EQ(moved("2015-03-07T15:00:00Z", 0, 1), "2015-03-08T10:00:00-04:00");
  EXPECT_EQ(moved("2015-03-07T07:30:00Z", 0, 1), "2015-03-08T03:00:00-04:00") << "02:30 is jumped over";
  EXPECT_EQ(moved("2015-10-31T05:30:00Z", 0, 1), "2015-11-01T01:30:00-04:00") << "of two the first";
  EXPECT_EQ(moved("2015-11-01T06:30:00Z", 0, 1), "2015-11-02T01:30:00-05:00");
  EXPECT_EQ(moved("2015-01-31T12:00:00Z", 1, 0), "none");
  EXPECT_EQ(moved("2016-01-29T12:00:00Z", 1, 0), "2016-02-29T07:00:00-05:00");
  EXPECT_EQ(moved("2015-11-30T12:00:00Z", 3, 0), "none");
}

}  // namespace
}  // namespace guidepost::query
