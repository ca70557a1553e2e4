#include "app/canary_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guidepost::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr SourceId kSource{1};
constexpr Partition kPartition{0};

/// Of one partition and its source: a canary's events at given offsets, and what the stages make of the log.
class CanaryFindingsTest : public ::testing::Test {
 protected:
  void send(const std::string& id) { events_.push_back({id, kPartition}); }
  void store(const std::string& id, std::int64_t offset) { sight_.rows.push_back({id, kSource, Offset{offset}}); }
  void count(std::int64_t position, std::int64_t events) { sight_.numbers[kSource] = {Offset{position}, events}; }

  CanaryTally tallied() const { return tally(events_, sight_); }
  std::vector<CanaryFinding> found(std::int64_t decided, std::int64_t stored) const {
    return findings(events_, sight_, {{kPartition, {Offset{10}, Offset{decided}, Offset{stored}}}});
  }
  static auto finding(CanaryOutcome outcome, const std::string& words) {
    return AllOf(Field(&CanaryFinding::outcome, outcome), Field(&CanaryFinding::message, HasSubstr(words)));
  }

  std::vector<CanaryEvent> events_;
  CanarySight sight_;
};

TEST_F(CanaryFindingsTest, AllIsWellWhereTheNumberGoesBeyondEveryRow) {
  send("a");
  send("b");
  store("a", 8);
  store("b", 9);
  count(10, 2);
  EXPECT_TRUE(tallied().well());
  EXPECT_THAT(found(10, 10), IsEmpty());
}

TEST_F(CanaryFindingsTest, NothingSentIsWellButNothingSeenIsNot) {
  EXPECT_TRUE(tallied().well());
  send("a");
  EXPECT_FALSE(tallied().well());
}

TEST_F(CanaryFindingsTest, WithoutARowTheStageThatIsBehindIsNamed) {
  send("a");
  EXPECT_THAT(found(7, 7),
              ElementsAre(finding(CanaryOutcome::kUndecided, "ingest has decided partition 0 up to offset 7 of 10")));
  EXPECT_THAT(found(10, 7),
              ElementsAre(finding(CanaryOutcome::kUnapplied, "aggregate has stored partition 0 up to offset 7 of 10")));
}

TEST_F(CanaryFindingsTest, WithoutARowWhereAllIsStoredItIsLost) {
  send("a");
  send("b");
  store("a", 8);
  count(10, 1);
  EXPECT_FALSE(tallied().well());
  EXPECT_EQ(tallied().with_row, 1U);
  EXPECT_THAT(found(10, 10), ElementsAre(finding(CanaryOutcome::kLost, "1 of 2 events: lost")));
}

TEST_F(CanaryFindingsTest, WhatIngestRefusedIsNotLost) {
  send("a-1");
  send("a-10");
  sight_.refusals = {{"in_future", R"({"event_id":"a-10"})"}, {"too_late", R"({"event_id":"other"})"}};
  EXPECT_THAT(found(10, 10),
              ElementsAre(finding(CanaryOutcome::kRefused, "1 of 2 events: refused by ingest: in_future"),
                          finding(CanaryOutcome::kLost, "1 of 2 events: lost")));
}

TEST_F(CanaryFindingsTest, ARowThatNoNumberReachesIsLateUntilItWasPromised) {
  send("a");
  store("a", 8);
  count(8, 0);
  EXPECT_EQ(tallied().counted, 0U);
  EXPECT_THAT(found(10, 8), ElementsAre(finding(CanaryOutcome::kUncounted, "in no number yet")));
  EXPECT_THAT(found(10, 9),
              ElementsAre(finding(CanaryOutcome::kMiscounted, "though partition 0 is complete up to offset 9")));
  sight_.numbers.clear();  // nor is there a page at all
  EXPECT_THAT(found(10, 10), ElementsAre(finding(CanaryOutcome::kMiscounted, "stored and in no number")));
}

TEST_F(CanaryFindingsTest, AnEventWithTwoRowsIsDoubledThoughTheNumberAgreesWithThem) {
  send("a");
  store("a", 8);
  store("a", 9);
  count(10, 2);
  EXPECT_EQ(tallied().doubled, 1U);
  EXPECT_FALSE(tallied().well());
  EXPECT_THAT(found(10, 10), ElementsAre(finding(CanaryOutcome::kDoubled, "stored 2 times: 1:8, 1:9")));
}

TEST_F(CanaryFindingsTest, ANumberOfFewerOrMoreThanItsRowsIsWrong) {
  send("a");
  store("a", 8);
  for (const int wrong : {0, 2}) {
    count(10, wrong);
    EXPECT_EQ(tallied().wrong_numbers, 1U);
    EXPECT_THAT(found(10, 10),
                ElementsAre(finding(CanaryOutcome::kMiscounted,
                                    "up to offset 10 is " + std::to_string(wrong) + ", and 1 row is there")));
  }
}

TEST_F(CanaryFindingsTest, AnotherCanarysEventsAreNeitherMissedNorTooMany) {
  send("a");
  store("other-1", 7);
  store("a", 8);
  store("other-2", 9);  // above the number's position: not in it yet
  count(9, 2);
  EXPECT_TRUE(tallied().well());
  EXPECT_THAT(found(10, 9), IsEmpty());
}

TEST_F(CanaryFindingsTest, AnotherPartitionsNumberIsLookedAtByItself) {
  events_ = {{"a", Partition{0}}, {"b", Partition{1}}};
  store("a", 8);
  count(9, 1);
  sight_.rows.push_back({"b", SourceId{2}, Offset{400}});  // offsets of two sources say nothing about each other
  sight_.numbers[SourceId{2}] = {Offset{401}, 1};
  EXPECT_TRUE(tallied().well());
  sight_.numbers[SourceId{2}] = {Offset{400}, 0};
  EXPECT_THAT(findings(events_, sight_,
                       {{Partition{0}, {Offset{9}, Offset{9}, Offset{9}}},
                        {Partition{1}, {Offset{401}, Offset{401}, Offset{400}}}}),
              ElementsAre(finding(CanaryOutcome::kUncounted, "completed partition 1 up to offset 400 of 401")));
}

TEST_F(CanaryFindingsTest, EveryOutcomeHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (int i = 0; i < kCanaryOutcomes; ++i) words.insert(to_string(static_cast<CanaryOutcome>(i)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(kCanaryOutcomes));
  EXPECT_FALSE(words.contains(""));
}

}  // namespace
}  // namespace guidepost::app
