#include "base/names.hpp"

#include <gtest/gtest.h>

namespace guidepost {
namespace {

TEST(Names, ATableSaysItsMonth) {
  const Names names{"eu.", 2};
  constexpr Month kMay{201505};
  EXPECT_EQ(month_of_table("eu.rollups_v2_", names.rollups(kMay)), kMay);
  EXPECT_EQ(month_of_table("eu.rollups_v2_", names.events(kMay)), std::nullopt);
  for (const auto* other : {"eu.rollups_v2_", "eu.rollups_v2_2015", "eu.rollups_v2_2015055", "eu.rollups_v2_20150x"})
    EXPECT_EQ(month_of_table("eu.rollups_v2_", other), std::nullopt) << other;
}

}  // namespace
}  // namespace guidepost
