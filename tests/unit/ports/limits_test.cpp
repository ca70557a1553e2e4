#include <gtest/gtest.h>

#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost {
namespace {

TopicSpec topic(std::string name, std::int32_t partitions = 1) {
  TopicSpec spec;
  spec.name = std::move(name);
  spec.partitions = partitions;
  return spec;
}

TEST(Limits, TopicsAtTheirLimitsPass) {
  EXPECT_TRUE(check(topic(std::string(249, 'a'), 10000)));
  EXPECT_TRUE(check(topic("A-z_0.9")));
  EXPECT_FALSE(check(topic(std::string(250, 'a'))));
  EXPECT_FALSE(check(topic("a", 10001)));
  EXPECT_FALSE(check(topic(".")));
}

TEST(Limits, CommitsAtTheirLimitsPass) {
  EXPECT_TRUE(check(Commit{Offset{0}, std::string(4096, 'm')}));
  EXPECT_FALSE(check(Commit{Offset{0}, std::string(4097, 'm')}));
  EXPECT_FALSE(check(Commit{Offset{-1}, ""}));
}

TEST(Limits, PutsAtTheirLimitsPass) {
  const std::string value(std::size_t{8} * 1024 * 1024, 'v');
  EXPECT_TRUE(check(RowPut{std::string(32000, 'r'), {{"f", std::string(32767, 'q'), INT64_MAX - 1, value}}}));
  EXPECT_FALSE(check(RowPut{"r", {{"f", "a", 1, value}, {"f", "b", 1, value}}})) << "together over 16 MiB";
}

TEST(Limits, AMessageSaysWhatIsWrong) {
  EXPECT_EQ(check(RowPut{"r", {{"f", "q", -5, ""}}}).error().message, "a cell has the timestamp -5");
  EXPECT_EQ(check(topic("a b")).error().message, "'a b' is no name of a topic");
}

}  // namespace
}  // namespace guidepost
