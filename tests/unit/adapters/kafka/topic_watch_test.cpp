#include "adapters/kafka/topic_watch.hpp"

#include <gtest/gtest.h>

namespace guidepost::kafka {
namespace {

using Verdict = TopicIdentity::Verdict;
using Seen = Result<std::optional<TopicFacts>>;

Seen topic(const std::string& id, std::int32_t partitions = 4) { return TopicFacts{id, partitions, 0}; }
Seen missing() { return std::optional<TopicFacts>{}; }
Seen nobody() { return fail(ErrorCode::kUnavailable, "no broker"); }

TEST(TopicIdentity, WaitsForTheTopicAndForTheBroker) {
  TopicIdentity identity;
  EXPECT_EQ(identity.judge(nobody()), Verdict::kUnknown);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(identity.judge(missing()), Verdict::kUnknown);
  EXPECT_EQ(identity.judge(topic("one", 0)), Verdict::kUnknown);
  EXPECT_EQ(identity.judge(topic("one")), Verdict::kSame);
  EXPECT_EQ(identity.first().id, "one");
}

TEST(TopicIdentity, LearnsNothingFromABrokerThatIsAway) {
  TopicIdentity identity;
  identity.judge(topic("one"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(identity.judge(nobody()), Verdict::kSame);
}

TEST(TopicIdentity, KnowsAnotherTopicOfTheSameNameAtOnce) {
  TopicIdentity identity;
  identity.judge(topic("one"));
  EXPECT_EQ(identity.judge(topic("two")), Verdict::kChanged);
}

TEST(TopicIdentity, BelievesThatATopicIsGoneTheSecondTime) {
  TopicIdentity identity;
  identity.judge(topic("one"));
  EXPECT_EQ(identity.judge(missing()), Verdict::kSame);
  EXPECT_EQ(identity.judge(topic("one")), Verdict::kSame);
  EXPECT_EQ(identity.judge(missing()), Verdict::kSame);
  EXPECT_EQ(identity.judge(nobody()), Verdict::kSame);
  EXPECT_EQ(identity.judge(missing()), Verdict::kChanged);
}

TEST(TopicIdentity, DoesNotMindMorePartitions) {
  TopicIdentity identity;
  identity.judge(topic("one", 4));
  EXPECT_EQ(identity.judge(topic("one", 8)), Verdict::kSame);
}

}  // namespace
}  // namespace guidepost::kafka
