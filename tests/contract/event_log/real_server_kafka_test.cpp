// What is Kafka's alone: foreign records, transactions, brokers that die, topics that are made again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "contract/event_log/kafka_server.hpp"

namespace guidepost::contract {
namespace {

using namespace std::chrono_literals;
using kafka::KafkaEventLog;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Kafka : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(shared_brokers(), "") << "no broker: these run by `./dev contract`";
    log_ = std::make_unique<KafkaEventLog>(kafka_options(shared_brokers()));
  }
  EventLog& log() { return *log_; }

  std::unique_ptr<KafkaEventLog> log_;
};

TEST_F(Kafka, RecordsOfForeignProducersComeAsTheyAreAlsoWithoutKeyOrValue) {
  const TopicPartition to{fresh_name("foreign"), Partition{0}};
  make_topic(log(), {.name = to.topic});
  const std::string key("k\0y", 3), value("\xff\xfe\0not UTF-8", 12), empty, large(1024 * 1024, '\x80');
  {
    ForeignProducer foreign(shared_brokers(), "");
    foreign.send(to, nullptr, &value);
    foreign.send(to, &key, nullptr);
    foreign.send(to, &empty, &empty);
    foreign.send(to, nullptr, &large);
    foreign.flush();
  }
  auto reader = log().read(to, Offset{0});
  std::vector<std::pair<std::string, std::string>> seen;
  ASSERT_TRUE(eventually([&] {
    auto batch = must(fetch(*reader));
    for (const auto& record : batch->records()) seen.emplace_back(record.key, record.value);
    return seen.size() == 4;
  }));
  EXPECT_THAT(seen, ElementsAre(testing::Pair("", value), testing::Pair(key, ""), testing::Pair("", ""),
                                testing::Pair("", large)));
}

TEST_F(Kafka, PositionsPassWhatTransactionsLeaveBehindAlsoAtTheEndOfTheLog) {
  const TopicPartition to{fresh_name("transactions"), Partition{0}};
  make_topic(log(), {.name = to.topic});
  const std::string a = "committed", b = "aborted", c = "open";
  ForeignProducer foreign(shared_brokers(), fresh_name("tx"));
  foreign.begin();
  foreign.send(to, nullptr, &a);
  foreign.commit();  // offset 0, marker at 1
  foreign.begin();
  foreign.send(to, nullptr, &b);
  foreign.flush();
  foreign.abort();  // offset 2, marker at 3
  const auto bounds = must(await<LogBounds>([&](auto done) { log().bounds(to, std::move(done)); }));
  ASSERT_EQ(bounds.end, Offset{4});
  const auto all = read_until(log(), to, Offset{0}, bounds.end);
  EXPECT_THAT(all.values, ElementsAre("committed"));
  EXPECT_EQ(all.next, Offset{4});

  // A transaction under way is not readable, and does not count as the end.
  foreign.begin();
  foreign.send(to, nullptr, &c);
  foreign.flush();
  EXPECT_EQ(must(await<LogBounds>([&](auto done) { log().bounds(to, std::move(done)); })).end, Offset{4});
  auto reader = log().read(to, Offset{4});
  auto nothing = must(fetch(*reader, {.max_wait = 300ms}));
  EXPECT_THAT(nothing->records(), SizeIs(0));
  EXPECT_EQ(nothing->next(), Offset{4});
  foreign.commit();
  EXPECT_THAT(read_until(log(), to, Offset{4}, Offset{6}).values, ElementsAre("open"));
}

TEST_F(Kafka, AReaderInTheMiddleOfHolesBeginsWhereItWasTold) {
  const TopicPartition to{fresh_name("middle"), Partition{0}};
  make_topic(log(), {.name = to.topic});
  const std::string value = "x";
  ForeignProducer foreign(shared_brokers(), fresh_name("tx"));
  for (int i = 0; i < 3; ++i) {
    foreign.begin();
    for (int k = 0; k < 3; ++k) foreign.send(to, nullptr, &value);
    foreign.flush();
    if (i == 1) {
      foreign.commit();
    } else {
      foreign.abort();
    }
  }
  // 0 1 2 aborted, 3 marker, 4 5 6 committed, 7 marker, 8 9 10 aborted, 11 marker.
  EXPECT_THAT(read_until(log(), to, Offset{1}, Offset{12}).offsets, ElementsAre(4, 5, 6));
  EXPECT_THAT(read_until(log(), to, Offset{6}, Offset{12}).offsets, ElementsAre(6));
  EXPECT_THAT(read_until(log(), to, Offset{7}, Offset{12}).offsets, ElementsAre());
}

TEST_F(Kafka, SeveralReadersOfOnePartitionDoNotDisturbOneAnother) {
  const TopicPartition to{fresh_name("several"), Partition{0}};
  make_topic(log(), {.name = to.topic});
  auto producer = log().producer({});
  for (int i = 0; i < 20; ++i) must(append(*producer, to, std::to_string(i)));
  std::vector<std::unique_ptr<LogReader>> readers;
  for (int i = 0; i < 4; ++i) readers.push_back(log().read(to, Offset{i * 5}));
  for (int i = 3; i >= 0; --i) {
    std::vector<std::int64_t> offsets;
    ASSERT_TRUE(eventually([&] {
      auto batch = must(fetch(*readers[static_cast<std::size_t>(i)], {.max_records = 3}));
      for (const auto& record : batch->records()) offsets.push_back(record.offset.value);
      return batch->next() == Offset{20};
    }));
    EXPECT_THAT(offsets, SizeIs(20 - i * 5));
    EXPECT_EQ(offsets.front(), i * 5);
  }
}

TEST_F(Kafka, BatchesStayReadableWhenTheirReaderIsGone) {
  const TopicPartition to{fresh_name("outlive"), Partition{0}};
  make_topic(log(), {.name = to.topic});
  auto producer = log().producer({});
  must(append(*producer, to, "still here"));
  auto reader = log().read(to, Offset{0});
  std::unique_ptr<LogBatch> batch;
  ASSERT_TRUE(eventually([&] {
    batch = must(fetch(*reader));
    return !batch->records().empty();
  }));
  reader.reset();
  EXPECT_EQ(batch->records().at(0).value, "still here");
}

TEST_F(Kafka, ARecordThatIsTooLargeIsPoisonAndThoseAroundItAreStored) {
  const TopicPartition to{fresh_name("large"), Partition{0}};
  make_topic(log(), {.name = to.topic});
  auto producer = log().producer({});
  std::mutex mutex;
  std::vector<std::string> answers;
  ThreadExecutor answering("test");
  for (const std::size_t size : {10UL, 3UL * 1024 * 1024, 10UL}) {
    producer->append(
        {to, "", std::string(size, 'x'), {}}, Completion<Offset>(answering, [&](Result<Offset> result) {
          std::lock_guard lock(mutex);
          answers.push_back(result ? std::to_string(result->value) : std::string(to_string(result.error().code)));
        }));
  }
  EXPECT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return answers.size() == 3;
  }));
  EXPECT_THAT(answers, ElementsAre("0", "poison", "1"));
  EXPECT_EQ(producer->in_flight_bytes(), Bytes{0});
}

TEST_F(Kafka, ATopicThatDropsRecordsBeforeTheirTimeSaysSo) {
  const auto describe = [&](const std::string& topic) {
    std::optional<TopicState> found;  // a broker may not know a topic at once that another client has just made
    EXPECT_TRUE(eventually([&] {
      found = must(await<std::optional<TopicState>>([&](auto done) { log().describe_topic(topic, std::move(done)); }));
      return found.has_value();
    }));
    return found.value_or(TopicState{});
  };
  ForeignProducer foreign(shared_brokers(), "");
  for (const auto& [key, value] :
       {std::pair("cleanup.policy", "compact"), std::pair("cleanup.policy", "compact,delete"),
        std::pair("retention.bytes", "1000000")}) {
    const auto topic = fresh_name("drops");
    foreign.make_topic(topic, key, value);
    EXPECT_TRUE(describe(topic).drops_early) << key << "=" << value;
  }
  const auto ours = fresh_name("keeps");
  EXPECT_FALSE(make_topic(log(), {.name = ours}).drops_early);
  EXPECT_FALSE(describe(ours).drops_early);
}

TEST_F(Kafka, CommitMetadataMayBeAnyBytes) {
  const TopicPartition of{fresh_name("metadata"), Partition{0}};
  make_topic(log(), {.name = of.topic});
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log().join({.group = of.topic, .topic = of.topic, .member = {}}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  const std::vector<std::string> all{"run=7", std::string("\0\xff\n", 3), "base64:x", ""};
  for (const auto& metadata : all) {
    must(await<void>([&](auto done) { member->commit(of.partition, {Offset{5}, metadata}, std::move(done)); }));
    const auto inside =
        await<std::optional<Commit>>([&](auto done) { member->committed(of.partition, std::move(done)); });
    EXPECT_EQ(must(inside), (Commit{Offset{5}, metadata}));
    const auto outside =
        await<std::optional<Commit>>([&](auto done) { log().committed(of.topic, of, std::move(done)); });
    EXPECT_EQ(must(outside), (Commit{Offset{5}, metadata}));
  }
}

TEST_F(Kafka, ATopicThatIsMadeAgainIsNoticedByReadersAndMembers) {
  const TopicPartition of{fresh_name("again"), Partition{0}};
  const auto first = make_topic(log(), {.name = of.topic});
  auto producer = log().producer({});
  must(append(*producer, of, "one"));
  auto reader = log().read(of, Offset{0});
  ASSERT_TRUE(eventually([&] { return must(fetch(*reader))->next() == Offset{1}; }));
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log().join({.group = of.topic, .topic = of.topic, .member = {}}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  EXPECT_EQ(recorder.topic_id(0), first.id);

  must(await<void>([&](auto done) { log().delete_topic(of.topic, std::move(done)); }));
  const auto second = make_topic(log(), {.name = of.topic});
  EXPECT_NE(first.id, second.id);
  std::optional<Error> read_error;
  EXPECT_TRUE(eventually([&] {
    auto batch = fetch(*reader);
    if (!batch && !batch.error().retryable()) read_error = batch.error();
    return read_error.has_value();
  }));
  ASSERT_TRUE(read_error);
  // kNotFound from whoever looked while there was none.
  const auto told = testing::AnyOf(ErrorCode::kTopicChanged, ErrorCode::kNotFound);
  EXPECT_THAT(read_error->code, told) << read_error->message;
  ASSERT_TRUE(eventually([&] { return recorder.failure().has_value(); }));
  EXPECT_THAT(recorder.failure()->code, told) << recorder.failure()->message;
  EXPECT_EQ(recorder.owned(), 0);
}

TEST_F(Kafka, ATopicThatVanishesEndsTheMembership) {
  const auto topic = fresh_name("gone");
  make_topic(log(), {.name = topic});
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log().join({.group = topic, .topic = topic, .member = {}}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  must(await<void>([&](auto done) { log().delete_topic(topic, std::move(done)); }));
  ASSERT_TRUE(eventually([&] { return recorder.failure().has_value(); }));
  EXPECT_EQ(recorder.failure()->code, ErrorCode::kNotFound) << recorder.failure()->message;
}

TEST_F(Kafka, TheOlderOfTwoMembersOfOneNameFails) {
  const auto topic = fresh_name("slots");
  make_topic(log(), {.name = topic, .partitions = 2});
  ThreadExecutor where("test");
  Recorder older, newer;
  const GroupOptions options{.group = topic, .topic = topic, .member = "slot-1"};
  auto first = log().join(options, older, where);
  ASSERT_TRUE(eventually([&] { return older.owned() == 2; }));
  auto second = log().join(options, newer, where);
  ASSERT_TRUE(eventually([&] { return older.failure().has_value(); }));
  EXPECT_EQ(older.failure()->code, ErrorCode::kCancelled) << older.failure()->message;
  EXPECT_EQ(older.losses(), 2);
  EXPECT_TRUE(eventually([&] { return newer.owned() == 2; }));
  EXPECT_FALSE(newer.failure());
}

TEST_F(Kafka, AddedPartitionsAreAssigned) {
  // Nothing of ours adds partitions; operators do.
  const auto topic = fresh_name("grows");
  make_topic(log(), {.name = topic, .partitions = 1});
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log().join({.group = topic, .topic = topic, .member = {}}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  ForeignProducer(shared_brokers(), "").grow(topic, 3);
  EXPECT_TRUE(eventually([&] { return recorder.owned() == 3; }));
}

TEST(KafkaOptions, WhatCannotBeIsSaidByName) {
  auto message_of = [](kafka::KafkaOptions options) -> std::string {
    try {
      KafkaEventLog log(std::move(options));
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return "it was taken";
  };
  kafka::KafkaOptions options;
  EXPECT_THAT(message_of(options), HasSubstr("no brokers"));
  options.brokers = "127.0.0.1:1";
  options.security["acks"] = "0";
  EXPECT_THAT(message_of(options), HasSubstr("`acks`"));
  options.security = {{"sasl.mechanismus", "x"}};
  EXPECT_THAT(message_of(options), HasSubstr("sasl.mechanismus"));
  options.security = {{"security.protocol", "telepathy"}};
  EXPECT_THAT(message_of(options), HasSubstr("telepathy"));
  options.security.clear();
  options.compression = "tar";
  EXPECT_THAT(message_of(options), HasSubstr("tar"));
}

}  // namespace
}  // namespace guidepost::contract
