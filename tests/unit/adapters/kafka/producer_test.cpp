// A producer against librdkafka's own broker in this process, which answers wrongly when told to.
#include "adapters/kafka/producer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>
#include <thread>

namespace guidepost::kafka {
namespace {

using namespace std::chrono_literals;

constexpr std::int16_t kProduce = 0;  // Kafka's number of the request

class ProducerOnMock : public testing::Test {
 protected:
  ProducerOnMock() {
    char text[256];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "enable.metrics.push", "false", text, sizeof text);
    rk_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(rk_, 1);
    rd_kafka_mock_topic_create(cluster_, "t", 2, 1);
    options_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  ~ProducerOnMock() override {
    loop_.stop();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(rk_);
  }

  std::unique_ptr<KafkaLogProducer> producer(ProducerOptions options = {}) {
    auto ask = [this](const std::string&, Admin::Then<TopicConfig> then) {
      loop_.post([this, then = std::move(then)]() mutable {
        std::unique_lock lock(mutex_);
        ++asked_;
        auto answer = config_;
        lock.unlock();
        then(std::move(answer));
      });
    };
    return std::make_unique<KafkaLogProducer>(ask, loop_, options_, options);
  }
  void append(KafkaLogProducer& producer, const std::string& value, std::string topic = "t") {
    producer.append(
        {{std::move(topic), Partition{0}}, "", value, {}},
        Completion<Offset>(inline_executor(), [this, value](const Result<Offset>& result) {
          std::lock_guard lock(mutex_);
          answers_.push_back(value + ":" +
                             (result ? std::to_string(result->value) : std::string(to_string(result.error().code))));
        }));
  }
  std::vector<std::string> answers(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    for (;;) {
      {
        std::lock_guard lock(mutex_);
        if (answers_.size() >= count || std::chrono::steady_clock::now() > deadline) return answers_;
      }
      std::this_thread::sleep_for(2ms);
    }
  }

  KafkaOptions options_;
  rd_kafka_t* rk_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  Result<TopicConfig> config_ =
      TopicConfig{.retention = {}, .log_append_time = true, .drops_early = false, .max_record = 1_KiB};
  int asked_ = 0;
  ThreadExecutor loop_{"test"};
  std::mutex mutex_;
  std::vector<std::string> answers_;
};

TEST_F(ProducerOnMock, AnswersInTheOrderOfTheCallsWithOffsets) {
  auto p = producer();
  for (const char* value : {"a", "b", "c"}) append(*p, value);
  EXPECT_THAT(answers(3), testing::ElementsAre("a:0", "b:1", "c:2"));
  EXPECT_EQ(p->in_flight_bytes(), 0_B);
}

TEST_F(ProducerOnMock, RetriesWhatIsRetryableWithoutAWordAndWithoutARepeat) {
  auto p = producer();
  rd_kafka_mock_push_request_errors(cluster_, kProduce, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
  append(*p, "a");
  append(*p, "b");
  EXPECT_THAT(answers(2), testing::ElementsAre("a:0", "b:1"));
}

TEST_F(ProducerOnMock, ADeadProducerAnswersEverythingFailedAndANewOneGoesOn) {
  auto p = producer();
  append(*p, "first");
  ASSERT_THAT(answers(1), testing::ElementsAre("first:0"));
  rd_kafka_mock_push_request_errors(cluster_, kProduce, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  append(*p, "a");
  EXPECT_THAT(answers(2), testing::ElementsAre("first:0", "a:failed"));
  append(*p, "b");
  EXPECT_THAT(answers(3), testing::ElementsAre("first:0", "a:failed", "b:failed"));
  EXPECT_EQ(p->in_flight_bytes(), 0_B);
  p = producer();
  append(*p, "a");
  append(*p, "b");
  EXPECT_THAT(answers(5), testing::ElementsAre("first:0", "a:failed", "b:failed", "a:1", "b:2"));
}

TEST_F(ProducerOnMock, APermanentRefusalIsAnsweredByItsName) {
  auto p = producer();
  rd_kafka_mock_push_request_errors(cluster_, kProduce, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  append(*p, "a");
  EXPECT_THAT(answers(1), testing::ElementsAre("a:refused"));
}

TEST_F(ProducerOnMock, ARecordOverTheTopicsLimitIsPoisonHoweverWellItCompresses) {
  auto p = producer();
  append(*p, "a");
  append(*p, std::string(1025, 'x'));
  append(*p, "b");
  EXPECT_THAT(answers(3), testing::ElementsAre("a:0", testing::EndsWith(":poison"), "b:1"));
  EXPECT_EQ(asked_, 1);
}

TEST_F(ProducerOnMock, WhoMayNotReadTheLimitLeavesItToTheBroker) {
  config_ = fail(ErrorCode::kRefused, "TOPIC_AUTHORIZATION_FAILED");
  auto p = producer();
  append(*p, std::string(2000, 'x'));
  EXPECT_THAT(answers(1), testing::ElementsAre(testing::EndsWith(":0")));
}

TEST_F(ProducerOnMock, ATopicThatIsMissingMayBeThereForTheNextRecord) {
  config_ = fail(ErrorCode::kNotFound, "UNKNOWN_TOPIC_OR_PART");
  auto p = producer();
  append(*p, "a");
  ASSERT_THAT(answers(1), testing::ElementsAre("a:not_found"));
  {
    std::lock_guard lock(mutex_);
    config_ = TopicConfig{.retention = {}, .log_append_time = true, .drops_early = false, .max_record = 1_KiB};
  }
  append(*p, "b");
  EXPECT_THAT(answers(2), testing::ElementsAre("a:not_found", "b:0"));
}

TEST_F(ProducerOnMock, RecordsWaitInOrderUntilTheLimitIsKnown) {
  config_ = fail(ErrorCode::kUnavailable, "no broker");
  auto p = producer();
  append(*p, "a");
  append(*p, "b");
  EXPECT_EQ(p->in_flight_bytes(), 2_B);
  {
    std::lock_guard lock(mutex_);
    config_ = TopicConfig{.retention = {}, .log_append_time = true, .drops_early = false, .max_record = 1_KiB};
  }
  EXPECT_THAT(answers(2), testing::ElementsAre("a:0", "b:1"));
}

TEST_F(ProducerOnMock, GivesUpOnlyWhenToldTo) {
  auto p = producer({.linger = 0ms, .give_up_after = 300ms});
  append(*p, "first");
  ASSERT_THAT(answers(1), testing::ElementsAre("first:0"));
  rd_kafka_mock_broker_set_down(cluster_, 1);
  append(*p, "late");
  EXPECT_THAT(answers(2), testing::ElementsAre("first:0", "late:timed_out"));
}

TEST_F(ProducerOnMock, GivesUpAlsoWhereNoBrokerWasEverThere) {
  config_ = fail(ErrorCode::kUnavailable, "no broker");
  auto p = producer({.linger = 0ms, .give_up_after = 300ms});
  append(*p, "late");
  EXPECT_THAT(answers(1), testing::ElementsAre("late:timed_out"));
  EXPECT_EQ(p->in_flight_bytes(), 0_B);
}

TEST_F(ProducerOnMock, ClosingAnswersWhatIsOpenOnce) {
  rd_kafka_mock_broker_set_down(cluster_, 1);
  auto p = producer();
  for (const char* value : {"a", "b", "c"}) append(*p, value);
  EXPECT_EQ(p->in_flight_bytes(), 3_B);
  p.reset();
  EXPECT_THAT(answers(3), testing::ElementsAre("a:cancelled", "b:cancelled", "c:cancelled"));
}

}  // namespace
}  // namespace guidepost::kafka
