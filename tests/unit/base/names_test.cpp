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

TEST(Names, RowsOfMonthsBeforeALayerLieThere) {
  const Names names{.prefix = "p.", .version = 7, .layers = {{Month{202601}, 2}, {Month{202603}, 5}}};
  EXPECT_EQ(names.events(Month{202512}), "p.events_v2_202512");
  EXPECT_EQ(names.index(Month{202601}), "p.index_v5_202601");
  EXPECT_EQ(names.events(Month{202602}), "p.events_v5_202602");
  EXPECT_EQ(names.events(Month{202603}), "p.events_v7_202603");
  EXPECT_EQ(names.rollups(Month{202512}), "p.rollups_v7_202512") << "pages are the version's own";
  EXPECT_EQ(names.bad(), "p.bad_v7");
}

}  // namespace
}  // namespace guidepost
