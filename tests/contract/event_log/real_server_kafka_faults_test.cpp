// Brokers that are away, die and come back. Each test has a broker of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "contract/event_log/kafka_server.hpp"

namespace guidepost::contract {
namespace {

using namespace std::chrono_literals;
using kafka::KafkaEventLog;
using testing::SizeIs;

TEST(KafkaFaults, ABrokerKilledInTheMiddleLosesNothingAndRepeatsNothing) {
  OwnBroker broker;
  KafkaEventLog log(kafka_options(broker.brokers()));
  const TopicPartition to{"clicks", Partition{0}};
  make_topic(log, {.name = to.topic});
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log.join({.group = "g", .topic = to.topic, .member = "slot"}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  member->start(to.partition, Offset{0});

  constexpr int kRecords = 20'000;
  std::mutex mutex;
  std::vector<std::int64_t> offsets;
  std::vector<std::string> errors;
  auto producer = log.producer({.linger = 1ms});
  std::thread appending([&] {
    for (int i = 0; i < kRecords; ++i) {
      producer->append({to, "k", std::to_string(i), {}},
                       Completion<Offset>(inline_executor(), [&](Result<Offset> result) {
                         std::lock_guard lock(mutex);
                         if (result) {
                           offsets.push_back(result->value);
                         } else {
                           errors.push_back(result.error().message);
                         }
                       }));
      if (i % 100 == 0) std::this_thread::sleep_for(5ms);  // so that the kill falls into the middle
    }
  });
  const auto answered = [&] {
    std::lock_guard lock(mutex);
    return offsets.size() + errors.size();
  };
  EXPECT_TRUE(eventually([&] { return answered() > kRecords / 10; }));
  broker.kill();
  const auto before = answered();
  EXPECT_LT(before, kRecords) << "the kill came too late to prove anything";
  broker.start();
  appending.join();
  EXPECT_TRUE(eventually([&] { return answered() == kRecords; }, 60s)) << answered() << " answers";
  EXPECT_THAT(errors, SizeIs(0));
  for (int i = 0; i < static_cast<int>(offsets.size()); ++i) {
    if (offsets[static_cast<std::size_t>(i)] != i) {
      ADD_FAILURE() << "record " << i << " is at " << offsets[static_cast<std::size_t>(i)];
      break;
    }
  }

  // The member read through it as well, and can commit.
  int next = 0;
  EXPECT_TRUE(eventually([&] {
    auto batch = await<std::unique_ptr<LogBatch>>([&](auto done) { member->fetch(to.partition, {}, std::move(done)); });
    if (!batch) {
      EXPECT_TRUE(batch.error().retryable() || recorder.owned() == 0) << batch.error().message;
      return !batch.error().retryable();
    }
    for (const auto& record : (*batch)->records()) {
      EXPECT_EQ(record.value, std::to_string(next));
      EXPECT_EQ(record.offset, Offset{next});
      ++next;
    }
    return next == kRecords;
  })) << next
      << " read";
  EXPECT_TRUE(eventually([&] {
    return await<void>([&](auto done) { member->commit(to.partition, {Offset{next}, "run=1"}, std::move(done)); })
        .has_value();
  }));
}

TEST(KafkaFaults, EverythingMayBeStartedBeforeTheBroker) {
  OwnBroker broker;
  broker.kill();
  auto options = kafka_options(broker.brokers());
  options.request_timeout = 1s;
  KafkaEventLog log(options);
  const TopicPartition to{"clicks", Partition{0}};
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log.join({.group = "g", .topic = to.topic, .member = {}}, recorder, where);
  auto reader = log.read(to, Offset{0});
  auto producer = log.producer({});
  std::optional<Result<Offset>> appended;
  std::mutex mutex;
  const auto append_one = [&] {
    producer->append({to, "", "first", {}}, Completion<Offset>(inline_executor(), [&](Result<Offset> result) {
                       std::lock_guard lock(mutex);
                       appended = std::move(result);
                     }));
  };
  append_one();
  const auto pinged = await<void>([&](auto done) { log.ping(std::move(done)); });
  ASSERT_FALSE(pinged);
  EXPECT_EQ(pinged.error().code, ErrorCode::kUnavailable) << pinged.error().message;
  const auto bounds = await<LogBounds>([&](auto done) { log.bounds(to, std::move(done)); });
  ASSERT_FALSE(bounds);
  EXPECT_EQ(bounds.error().code, ErrorCode::kUnavailable) << bounds.error().message;
  EXPECT_TRUE(eventually([&] {
    auto batch = fetch(*reader);
    return !batch && batch.error().code == ErrorCode::kUnavailable;
  }));
  EXPECT_FALSE(recorder.failure());
  {
    std::lock_guard lock(mutex);
    EXPECT_FALSE(appended);
  }

  broker.start();
  EXPECT_TRUE(eventually([&] { return await<void>([&](auto done) { log.ping(std::move(done)); }).has_value(); }));
  make_topic(log, {.name = to.topic});
  EXPECT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  EXPECT_FALSE(recorder.failure());
  // The topic came after the record: it was stored, or it was refused by name and may be sent again.
  EXPECT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return appended.has_value();
  }));
  if (!*appended) {
    EXPECT_EQ(appended->error().code, ErrorCode::kNotFound) << appended->error().message;
    must(append(*producer, to, "first"));
  }
  EXPECT_TRUE(eventually([&] {
    auto batch = fetch(*reader);
    return batch && (*batch)->records().size() == 1 && (*batch)->records()[0].value == "first";
  }));
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

TEST(KafkaFaults, WaitingForABrokerCostsNoProcessor) {
  OwnBroker broker;
  KafkaEventLog log(kafka_options(broker.brokers()));
  const TopicPartition to{"clicks", Partition{0}};
  make_topic(log, {.name = to.topic});
  ThreadExecutor where("test");
  Recorder recorder;
  auto member = log.join({.group = "g", .topic = to.topic, .member = {}}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  auto reader = log.read(to, Offset{0});
  auto producer = log.producer({});
  must(append(*producer, to, "one"));
  broker.kill();
  producer->append({to, "", "two", {}}, Completion<Offset>(inline_executor(), [](const Result<Offset>&) {}));
  ASSERT_FALSE(await<void>([&](auto done) { log.ping(std::move(done)); }));

  const double before = cpu_seconds();
  const auto until = std::chrono::steady_clock::now() + 4s;
  while (std::chrono::steady_clock::now() < until) static_cast<void>(fetch(*reader));
  EXPECT_LT(cpu_seconds() - before, 0.4) << "of 4 s";
}

TEST(KafkaFaults, ClosingDoesNotWaitForABrokerThatIsAway) {
  OwnBroker broker;
  auto log = std::make_unique<KafkaEventLog>(kafka_options(broker.brokers()));
  const TopicPartition to{"clicks", Partition{0}};
  make_topic(*log, {.name = to.topic});
  ThreadExecutor where("test");
  Recorder recorder;
  // librdkafka keeps a commit that finds no coordinator for as long as a session lasts: that is how long closing may take.
  auto member = log->join({.group = "g", .topic = to.topic, .member = {}, .session_timeout = 6s}, recorder, where);
  ASSERT_TRUE(eventually([&] { return recorder.owned() == 1; }));
  member->start(to.partition, Offset{0});
  auto reader = log->read(to, Offset{0});
  auto producer = log->producer({});
  must(append(*producer, to, "one"));
  broker.kill();

  std::mutex mutex;
  std::map<std::string, ErrorCode> answers;
  const auto remember = [&](std::string what) {
    return [&, what](auto result) {
      std::lock_guard lock(mutex);
      if (!result) answers[what] = result.error().code;
    };
  };
  producer->append({to, "", "two", {}}, Completion<Offset>(inline_executor(), remember("append")));
  member->commit(to.partition, {Offset{1}, ""}, Completion<void>(inline_executor(), remember("commit")));
  log->describe_topic(to.topic, Completion<std::optional<TopicState>>(inline_executor(), remember("describe")));
  const auto start = std::chrono::steady_clock::now();
  const auto left = await<void>([&](auto done) { member->leave(std::move(done)); });
  EXPECT_TRUE(left) << left.error().message;
  member.reset();
  reader.reset();
  producer.reset();
  log.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 15s);
  // Every call got its answer.
  EXPECT_EQ(answers.at("append"), ErrorCode::kCancelled);
  EXPECT_THAT(answers, testing::Contains(testing::Key("commit")));
  EXPECT_THAT(answers, testing::Contains(testing::Key("describe")));
}

}  // namespace
}  // namespace guidepost::contract
