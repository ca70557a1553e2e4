#include "base/time.hpp"

#include <gtest/gtest.h>

namespace guidepost {
namespace {

std::optional<std::int64_t> ms_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return unix_ms(*time);
}

TEST(Rfc3339, times_of_any_zone_and_precision_are_read) {
  EXPECT_EQ(ms_of("2015-05-17T10:05:03Z"), 1431857103000);
  EXPECT_EQ(ms_of("2015-05-17t10:05:03z"), 1431857103000);
  EXPECT_EQ(ms_of("2015-05-17 10:05:03Z"), 1431857103000);
  EXPECT_EQ(ms_of("2015-05-17T12:05:03+02:00"), 1431857103000);
  EXPECT_EQ(ms_of("2015-05-17T01:35:03-08:30"), 1431857103000);
  EXPECT_EQ(ms_of("2015-05-17T10:05:03.5Z"), 1431857103500);
  EXPECT_EQ(ms_of("2015-05-17T10:05:03.0079999999Z"), 1431857103007);
  EXPECT_EQ(ms_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms_of("1969-12-31T23:59:59.999Z"), -1);
  EXPECT_EQ(ms_of("2016-02-29T00:00:00Z"), 1456704000000);
  EXPECT_EQ(ms_of("2016-12-31T23:59:60Z"), 1483228800000);
}

TEST(Rfc3339, everything_else_is_refused) {
  for (const auto* text : {"",
                           "2015",
                           "2015-05-17",
                           "2015-05-17T10:05:03",
                           "2015-05-17T10:05Z",
                           "2015-05-17T10:05:03.Z",
                           "2015-02-29T00:00:00Z",
                           "2015-13-01T00:00:00Z",
                           "2015-00-01T00:00:00Z",
                           "2015-01-00T00:00:00Z",
                           "2015-05-17T24:00:00Z",
                           "2015-05-17T10:60:00Z",
                           "2015-05-17T10:05:61Z",
                           "2015-05-17T10:05:03+2:00",
                           "2015-05-17T10:05:03+24:00",
                           "2015-05-17T10:05:03+00:60",
                           "2015-05-17T10:05:03Z ",
                           " 2015-05-17T10:05:03Z",
                           "+015-05-17T10:05:03Z",
                           "2015-5-17T10:05:03Z",
                           "2015-05-17T10:05:03.-1Z",
                           "2015-05-17T10:05:0\xff",
                           "1.5e12",
                           "-.5",
                           ".5",
                           "2015-05-17T10:05:03.5",
                           "20150517100503.5"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace guidepost
