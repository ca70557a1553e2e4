#include "adapters/kafka/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guidepost::kafka {
namespace {

struct Sorted {
  rd_kafka_resp_err_t from;
  ErrorCode to;
};

class KafkaErrors : public testing::TestWithParam<Sorted> {};

TEST_P(KafkaErrors, AreSortedByWhatMayBeDoneAboutThem) {
  EXPECT_EQ(sort(GetParam().from), GetParam().to) << rd_kafka_err2name(GetParam().from);
}

INSTANTIATE_TEST_SUITE_P(Table, KafkaErrors,
                         testing::Values(
        // A broker, leader or coordinator that is away or moving.
                             Sorted{RD_KAFKA_RESP_ERR__TRANSPORT, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR__RESOLVE, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR__SSL, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR__WAIT_COORD, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR_NOT_COORDINATOR, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, ErrorCode::kUnavailable},
                             Sorted{RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, ErrorCode::kUnavailable},
        // No answer: it may have happened.
                             Sorted{RD_KAFKA_RESP_ERR__TIMED_OUT, ErrorCode::kTimedOut},
                             Sorted{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ErrorCode::kTimedOut},
                             Sorted{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ErrorCode::kTimedOut},
        // The group goes on without us, or we closed.
                             Sorted{RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ErrorCode::kCancelled},
                             Sorted{RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ErrorCode::kCancelled},
                             Sorted{RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ErrorCode::kCancelled},
                             Sorted{RD_KAFKA_RESP_ERR__DESTROY, ErrorCode::kCancelled},
                             Sorted{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, ErrorCode::kCancelled},
                             Sorted{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ErrorCode::kNotFound},
                             Sorted{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ErrorCode::kNotFound},
                             Sorted{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, ErrorCode::kNotFound},
                             Sorted{RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ErrorCode::kAlreadyExists},
                             Sorted{RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, ErrorCode::kOutOfRange},
                             Sorted{RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ErrorCode::kOutOfRange},
                             Sorted{RD_KAFKA_RESP_ERR__LOG_TRUNCATION, ErrorCode::kOutOfRange},
                             Sorted{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ErrorCode::kInvalidArgument},
                             Sorted{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ErrorCode::kInvalidArgument},
                             Sorted{RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, ErrorCode::kInvalidArgument},
        // Exactly this record.
                             Sorted{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ErrorCode::kPoison},
                             Sorted{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ErrorCode::kPoison},
                             Sorted{RD_KAFKA_RESP_ERR_INVALID_RECORD, ErrorCode::kPoison},
        // Always.
                             Sorted{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ErrorCode::kRefused},
                             Sorted{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ErrorCode::kRefused},
                             Sorted{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ErrorCode::kRefused},
                             Sorted{RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, ErrorCode::kRefused},
                             Sorted{RD_KAFKA_RESP_ERR__BAD_MSG, ErrorCode::kCorrupt},
                             Sorted{RD_KAFKA_RESP_ERR_INVALID_MSG, ErrorCode::kCorrupt},
        // The producer's death, and whatever nobody has heard of: no retry in the dark.
                             Sorted{RD_KAFKA_RESP_ERR__FATAL, ErrorCode::kFailed},
                             Sorted{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode::kFailed},
                             Sorted{RD_KAFKA_RESP_ERR_UNKNOWN, ErrorCode::kFailed}));

TEST(KafkaErrorText, SaysWhatFailedAndKafkasOwnName) {
  const auto error = error_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "appending to clicks.raw[3]");
  EXPECT_THAT(error.message, testing::StartsWith("appending to clicks.raw[3]: "));
  EXPECT_THAT(error.message, testing::HasSubstr("TOPIC_AUTHORIZATION_FAILED"));
}

TEST(KafkaErrorText, AQuestionThatTimesOutHasNoUnknownOutcome) {
  EXPECT_EQ(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, "x").code, ErrorCode::kTimedOut);
  EXPECT_EQ(question_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "x").code, ErrorCode::kUnavailable);
  EXPECT_EQ(question_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "x").code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace guidepost::kafka
