#include "base/names.hpp"

#include <gtest/gtest.h>

namespace guidepost {
namespace {

TEST(Names, ATableSaysItsMonth) {
  const Names names{.prefix = "eu.", .version = 2};
  constexpr Month kMay{201505};
  const std::vector<std::string> listed{names.rollups(kMay),
                                        names.rollups(Month{201412}),
                                        names.events(kMay),
                                        "eu.rollups_v2_",
                                        "eu.rollups_v2_2015",
                                        "eu.rollups_v2_2015055",
                                        "eu.rollups_v2_20150x",
                                        "eu.rollups_v1_201505",
                                        "201505",
                                        ""};
  const auto rollups = [&](Month month) { return names.rollups(month); };
  EXPECT_EQ(months_in(listed, rollups), (std::vector<Month>{Month{201412}, kMay}));
}

}  // namespace
}  // namespace guidepost
