#include "adapters/kafka/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>

#include "adapters/kafka/client.hpp"

namespace guidepost::kafka {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Key;
using testing::Not;
using testing::Pair;
using namespace std::chrono_literals;

KafkaOptions some_options() {
  KafkaOptions options;
  options.brokers = "a:9092,b:9092";
  return options;
}

TEST(KafkaConfig, ReadersAndMembersNeverChooseAPositionThemselves) {
  const Properties readers = fetch_properties(some_options());
  EXPECT_THAT(readers, IsSupersetOf(Properties{{"auto.offset.reset", "error"},
                                               {"enable.auto.commit", "false"},
                                               {"enable.auto.offset.store", "false"},
                                               {"isolation.level", "read_committed"},
                                               {"check.crcs", "true"},
                                               {"enable.partition.eof", "true"},
                                               {"allow.auto.create.topics", "false"}}));
  EXPECT_THAT(readers, Not(Contains(Key("group.id"))));
  const Properties members = member_properties(some_options(), {.group = "g", .topic = "t", .member = {}});
  EXPECT_THAT(members, IsSupersetOf(Properties{{"group.id", "g"},
                                               {"auto.offset.reset", "error"},
                                               {"enable.auto.commit", "false"},
                                               {"enable.auto.offset.store", "false"},
                                               {"session.timeout.ms", "15000"},
                                               {"max.poll.interval.ms", "120000"},
                                               {"partition.assignment.strategy", "range,roundrobin"}}));
  EXPECT_THAT(members, Not(Contains(Key("group.instance.id"))));
}

TEST(KafkaConfig, AMembersSlotIsItsStaticMembership) {
  EXPECT_THAT(member_properties(some_options(), {.group = "g", .topic = "t", .member = "ingest-2"}),
              Contains(Pair("group.instance.id", "ingest-2")));
}

TEST(KafkaConfig, APollMayTakeAsLongAsARevokeAndMore) {
  const GroupOptions slow{.group = "g", .topic = "t", .member = {}, .session_timeout = 6s, .revoke_deadline = 200s};
  EXPECT_THAT(member_properties(some_options(), slow), Contains(Pair("max.poll.interval.ms", "230000")));
}

TEST(KafkaConfig, ProducersAreIdempotentAndDoNotGiveUpUnlessTold) {
  EXPECT_THAT(producer_properties(some_options(), {}), IsSupersetOf(Properties{{"enable.idempotence", "true"},
                                                                               {"acks", "all"},
                                                                               {"message.timeout.ms", "0"},
                                                                               {"linger.ms", "5"},
                                                                               {"compression.codec", "lz4"},
                                                                               {"queue.buffering.max.messages", "0"}}));
  EXPECT_THAT(producer_properties(some_options(), {.linger = 20ms, .give_up_after = 30s}),
              IsSupersetOf(Properties{{"message.timeout.ms", "30000"}, {"linger.ms", "20"}}));
}

TEST(KafkaConfig, TheFetchBudgetIsPerPartition) {
  auto options = some_options();
  options.prefetch_per_partition = 3_MiB;
  EXPECT_THAT(fetch_properties(options), Contains(Pair("queued.max.messages.kbytes", "3072")));
}

TEST(KafkaConfig, SecurityIsPassedOnAndNothingElseIs) {
  auto options = some_options();
  options.security = {
      {"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "SCRAM-SHA-512"}, {"ssl.ca.location", "/ca"}};
  EXPECT_THAT(producer_properties(options, {}),
              IsSupersetOf(Properties{
                  {"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "SCRAM-SHA-512"}, {"ssl.ca.location", "/ca"}}));
  for (const char* key :
       {"acks", "enable.idempotence", "bootstrap.servers", "isolation.level", "plugin.library.paths"}) {
    options.security = {{key, "0"}};
    EXPECT_THROW(fetch_properties(options), std::invalid_argument) << key;
  }
}

TEST(KafkaConfig, LibrdkafkaKnowsEveryPropertyForAllThatCanBeSet) {
  auto options = some_options();
  options.prefetch_per_partition = Bytes{UINT64_MAX};
  options.max_record = 1_KiB;
  EXPECT_NO_THROW(Client::check(admin_properties(options)));
  EXPECT_NO_THROW(Client::check(fetch_properties(options)));
  EXPECT_NO_THROW(Client::check(producer_properties(options, {.linger = -1ms, .give_up_after = -1ms})));
  EXPECT_NO_THROW(Client::check(member_properties(options, {.group = "g", .topic = "t", .member = "m"})));
  options.prefetch_per_partition = 0_B;
  EXPECT_NO_THROW(Client::check(fetch_properties(options)));
  options.compression = "tar";
  EXPECT_THROW(Client::check(producer_properties(options, {})), std::invalid_argument);
}

TEST(CommitText, IsTheMetadataItselfWhereThatIsText) {
  for (const std::string text : {"", "run=7", "{\"run\":7}"}) {
    EXPECT_EQ(to_commit_text(text), text);
    EXPECT_EQ(from_commit_text(text), text);
  }
}

TEST(CommitText, CarriesAnyBytes) {
  EXPECT_EQ(to_commit_text(std::string_view("\0\xff", 2)), "base64:AP8");
  std::string all;
  for (int length = 0; length < 260; ++length) {
    EXPECT_EQ(from_commit_text(to_commit_text(all)), all);
    all += static_cast<char>(255 - length);
  }
  EXPECT_EQ(from_commit_text(to_commit_text("base64:AP8")), "base64:AP8");
}

TEST(CommitText, OfOthersIsGivenBackAsItIs) { EXPECT_EQ(from_commit_text("base64:not ours!"), "base64:not ours!"); }

}  // namespace
}  // namespace guidepost::kafka
