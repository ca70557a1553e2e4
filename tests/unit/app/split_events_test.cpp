#include "app/split_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guidepost::app {
namespace {

using ::testing::ElementsAre;

std::vector<std::string_view> json(std::string_view body) {
  return split_events("application/json", body, 10).value_or(std::vector<std::string_view>{"failed"});
}
std::vector<std::string_view> lines(std::string_view body) {
  return split_events("application/x-ndjson; charset=utf-8", body, 10)
      .value_or(std::vector<std::string_view>{"failed"});
}

TEST(SplitEvents, AnObjectIsOneEventHoweverItIsLaidOut) {
  EXPECT_THAT(json(R"({"a":1})"), ElementsAre(R"({"a":1})"));
  EXPECT_THAT(json("\n{\n  \"a\": [1, {\"b\": \"}\"}]\n}\n"), ElementsAre("{\n  \"a\": [1, {\"b\": \"}\"}]\n}"));
}

TEST(SplitEvents, AnArraysElementsAreTakenByteForByte) {
  EXPECT_THAT(json(R"( [ {"a":"x,]\"}" } , {"b": [1,2]},3 ] )"),
              ElementsAre(R"({"a":"x,]\"}" })", R"({"b": [1,2]})", "3"));
  EXPECT_THAT(json(R"([{"a":1},,nonsense])"), ElementsAre(R"({"a":1})", "", "nonsense"))
      << "a bad event does not end the others";
}

TEST(SplitEvents, ObjectsOneAfterTheOtherAreEvents) {
  EXPECT_THAT(json("{\"a\":1}\n{\"b\":2}{\"c\":3}"), ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
  EXPECT_THAT(json("{\"a\":1} nonsense {\"b\":2}"), ElementsAre("{\"a\":1}", "nonsense {\"b\":2}"));
  EXPECT_THAT(json("{\"a\": \"unended"), ElementsAre("{\"a\": \"unended"));
}

TEST(SplitEvents, LinesAreEventsWhateverIsInThem) {
  EXPECT_THAT(lines("{\"a\":1}\r\n\n[1,2]\nnonsense }\n"), ElementsAre("{\"a\":1}", "[1,2]", "nonsense }"));
}

TEST(SplitEvents, ABodyWithoutBordersIsRefusedWhole) {
  for (const auto* body : {"", " \n", "[]", "[1", "[\"a", "[1}", "[1] 2", "[[1]", "[1,2]]"})
    EXPECT_FALSE(split_events("", body, 10)) << body;
  EXPECT_EQ(split_events("", "[1,2,3]", 2).error().code, ErrorCode::kOutOfRange);
  EXPECT_TRUE(split_events("", "[1,2]", 2));
}

}  // namespace
}  // namespace guidepost::app
