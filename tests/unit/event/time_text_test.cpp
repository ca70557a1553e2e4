#include "event/time_text.hpp"

#include <gtest/gtest.h>

namespace guidepost::event {
namespace {

TEST(EventTime, IsSecondsBelowAHundredBillionAndMillisecondsFromThere) {
  const std::pair<std::string_view, std::int64_t> cases[] = {{"1431864000", 1431864000000},
                                                             {"1431864000.1239", 1431864000123},
                                                             {"1431864000123", 1431864000123},
                                                             {"1431864000123.9", 1431864000123},
                                                             {"946684800", 946684800000},
                                                             {"4102444799.999", 4102444799999},
                                                             {"946684800000", 946684800000},
                                                             {"1.431864e9", 1431864000000},
                                                             {"1.431864000123E12", 1431864000123},
                                                             {"2015-05-17T12:00:00Z", 1431864000000},
                                                             {"2015-05-17T14:00:00.5+02:00", 1431864000500}};
  for (const auto& [text, ms] : cases) {
    const auto time = parse_event_time(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(unix_ms(*time), ms) << text;
  }
}

TEST(EventTime, IsNothingElse) {
  for (const std::string_view text : {"",
                                      " ",
                                      "x",
                                      "-1431864000",
                                      "+1431864000",
                                      "1431864000.",
                                      ".5",
                                      "1431864000 ",
                                      "946684799",
                                      "946684799999",
                                      "4102444800",
                                      "4102444800000",
                                      "99999999999",
                                      "1431864000000000",
                                      "9999999999999999999999",
                                      "1e400",
                                      "1e-400",
                                      "nan",
                                      "inf",
                                      "1431864000e",
                                      "0x5",
                                      "2015-05-17",
                                      "2015-05-17T12:00:00",
                                      "1999-12-31T23:59:59.999Z",
                                      "2100-01-01T00:00:00Z",
                                      "2000-01-01T00:00:00+00:01",
                                      "2015-02-29T00:00:00Z",
                                      "2015-05-17T12:00:00+0200"}) {
    EXPECT_FALSE(parse_event_time(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace guidepost::event
