#include "contract/event_log/suite.hpp"

namespace guidepost::contract {
namespace {

TEST_P(EventLogContract, ACreatedTopicIsDescribedAsItWasMade) {
  auto one = spec(fresh("topic"), 3);
  one.retention = std::chrono::hours{50};
  const auto made = create(one);
  EXPECT_EQ(made.name, one.name);
  EXPECT_EQ(made.partitions, 3);
  EXPECT_EQ(made.retention, one.retention);
  EXPECT_TRUE(made.log_append_time);
  EXPECT_FALSE(made.id.empty());
  const auto described = describe(one.name);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->id, made.id);
  EXPECT_EQ(described->partitions, 3);
  EXPECT_EQ(described->retention, one.retention);
  EXPECT_TRUE(described->log_append_time);
}

TEST_P(EventLogContract, ATopicOfProducersTimesSaysSo) {
  EXPECT_FALSE(describe(make_topic(1, false))->log_append_time);
}

TEST_P(EventLogContract, ARetentionForEverIsNegative) {
  auto one = spec(fresh("topic"));
  one.retention = std::chrono::milliseconds{-1};
  create(one);
  EXPECT_LT(describe(one.name)->retention.count(), 0);
}

TEST_P(EventLogContract, CreatingATopicThatExistsLeavesItAsItIs) {
  const auto one = spec(fresh("topic"), 2);
  const auto made = create(one);
  append(at(one.name), "", "kept");
  auto again = await<TopicState>([&](auto done) { log().create_topic(spec(one.name, 5), std::move(done)); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(describe(one.name)->id, made.id);
  EXPECT_EQ(describe(one.name)->partitions, 2);
  EXPECT_EQ(read(at(one.name), Offset{0}, 1).size(), 1U);
}

TEST_P(EventLogContract, AMissingTopicIsDescribedAsNothing) { EXPECT_EQ(describe(fresh("missing")), std::nullopt); }

TEST_P(EventLogContract, DeletingAMissingTopicIsNotFound) {
  const auto gone = await<void>([&](auto done) { log().delete_topic(fresh("missing"), std::move(done)); });
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
}

TEST_P(EventLogContract, ATopicMadeAgainHasAnotherIdAndNoRecords) {
  const auto one = spec(fresh("topic"));
  const auto first = create(one);
  append(at(one.name), "", "old");
  const auto second = make_again(one);
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(describe(one.name)->id, second.id);
  EXPECT_EQ(bounds(at(one.name)).end, Offset{0});
  append(at(one.name), "", "new");
  EXPECT_EQ(read(at(one.name), Offset{0}, 1), (std::vector<Copy>{{0, "", "new"}}));
}

TEST_P(EventLogContract, TopicsWithoutAProperShapeAreRefusedBeforeSending) {
  std::vector<TopicSpec> wrong{spec(""),
                               spec(".."),
                               spec("a b"),
                               spec("ü"),
                               spec(std::string(250, 'a')),
                               spec("a/b"),
                               spec(fresh("topic"), 0),
                               spec(fresh("topic"), -1),
                               spec(fresh("topic"), 10001)};
  for (const auto& one : wrong) {
    const auto made = await<TopicState>([&](auto done) { log().create_topic(one, std::move(done)); });
    ASSERT_FALSE(made) << one.name;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << one.name;
  }
}

TEST_P(EventLogContract, ANewPartitionIsEmpty) {
  const auto topic = make_topic(2);
  EXPECT_EQ(bounds(at(topic, 1)).begin, Offset{0});
  EXPECT_EQ(bounds(at(topic, 1)).end, Offset{0});
}

TEST_P(EventLogContract, BoundsCountRecords) {
  const auto topic = make_topic();
  append_numbers(at(topic), 7);
  EXPECT_EQ(bounds(at(topic)).begin, Offset{0});
  EXPECT_EQ(bounds(at(topic)).end, Offset{7});
}

TEST_P(EventLogContract, BoundsOfWhatIsMissingAreNotFound) {
  const auto topic = make_topic(2);
  for (const auto& missing : {at(fresh("missing")), at(topic, 2), at(topic, -1)}) {
    const auto found = await<LogBounds>([&](auto done) { log().bounds(missing, std::move(done)); });
    ASSERT_FALSE(found) << missing.topic << missing.partition.value;
    EXPECT_EQ(found.error().code, ErrorCode::kNotFound) << missing.topic << missing.partition.value;
  }
}

TEST_P(EventLogContract, ATopicSurvivesARestart) {
  const auto one = spec(fresh("topic"), 2);
  const auto made = create(one);
  adapter().restart();
  const auto described = describe(one.name);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->id, made.id);
  EXPECT_EQ(described->partitions, 2);
}

TEST_P(EventLogContract, PingAnswers) {
  EXPECT_TRUE(await<void>([&](auto done) { log().ping(std::move(done)); }).has_value());
}

}  // namespace
}  // namespace guidepost::contract
