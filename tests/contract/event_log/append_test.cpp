#include <atomic>

#include "contract/event_log/suite.hpp"

namespace guidepost::contract {
namespace {

TimeMs now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

TEST_P(EventLogContract, RecordsComeBackInTheOrderOfTheCalls) {
  const auto topic = make_topic();
  append_numbers(at(topic), 1000);
  const auto records = read(at(topic), Offset{0}, 1000);
  ASSERT_EQ(records.size(), 1000U);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(records[static_cast<std::size_t>(i)], (Copy{i, "", std::to_string(i)}));
}

TEST_P(EventLogContract, AnAnsweredOffsetIsTheRecordsOwn) {
  const auto topic = make_topic();
  append(at(topic), "k", "first");
  const Offset offset = append(at(topic), "k", "second");
  EXPECT_EQ(read(at(topic), offset, 1), (std::vector<Copy>{{offset.value, "k", "second"}}));
}

TEST_P(EventLogContract, AnswersOfOnePartitionComeInItsOrder) {
  const auto topic = make_topic();
  const auto producer = log().producer({});
  std::mutex mutex;
  std::vector<std::int64_t> offsets;
  ThreadExecutor executor("answers");
  for (int i = 0; i < 200; ++i) {
    producer->append({at(topic), "", "v", std::nullopt}, Completion<Offset>(executor, [&](Result<Offset> r) {
                       std::lock_guard lock(mutex);
                       offsets.push_back(r ? r->value : -1);
                     }));
  }
  const auto answered = [&] {
    std::lock_guard lock(mutex);
    return offsets.size();
  };
  ASSERT_TRUE(eventually([&] { return answered() == 200; }));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(offsets[static_cast<std::size_t>(i)], i);
}

TEST_P(EventLogContract, PartitionsAreIndependent) {
  const auto topic = make_topic(3);
  append(at(topic, 0), "", "zero");
  append(at(topic, 2), "", "two");
  append(at(topic, 2), "", "and two");
  EXPECT_EQ(read(at(topic, 0), Offset{0}, 1), (std::vector<Copy>{{0, "", "zero"}}));
  EXPECT_EQ(bounds(at(topic, 1)).end, Offset{0});
  EXPECT_EQ(read(at(topic, 2), Offset{0}, 2), (std::vector<Copy>{{0, "", "two"}, {1, "", "and two"}}));
}

TEST_P(EventLogContract, AnyBytesAreKeptInKeysAndValues) {
  const auto topic = make_topic();
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  append(at(topic), all, all + all);
  EXPECT_EQ(read(at(topic), Offset{0}, 1), (std::vector<Copy>{{0, all, all + all}}));
}

TEST_P(EventLogContract, ARecordNeedsNeitherKeyNorValue) {
  const auto topic = make_topic();
  append(at(topic), "", "");
  append(at(topic), "key", "");
  append(at(topic), "", "value");
  EXPECT_EQ(read(at(topic), Offset{0}, 3), (std::vector<Copy>{{0, "", ""}, {1, "key", ""}, {2, "", "value"}}));
}

TEST_P(EventLogContract, ALargeRecordBelowTheLimitIsKept) {
  const auto topic = make_topic();
  std::string large;
  for (std::uint32_t x = 1; large.size() < 1024 * 1024; x = x * 1664525 + 1013904223)
    large.push_back(static_cast<char>(x >> 24));
  append(at(topic), "k", large);
  const auto records = read(at(topic), Offset{0}, 1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].value == large);
}

TEST_P(EventLogContract, ARecordOverTheLimitIsPoisonAndTheOthersGoOn) {
  auto one = spec(fresh("topic"));
  one.max_record = 64_KiB;
  create(one);
  const auto producer = log().producer({});
  const auto append_one = [&](std::string value) {
    return await<Offset>(
        [&](auto done) { producer->append({at(one.name), "", std::move(value), std::nullopt}, std::move(done)); });
  };
  EXPECT_TRUE(append_one("before"));
  const auto refused = append_one(std::string(std::size_t{3} * 1024 * 1024, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPoison);
  const auto slightly = append_one(std::string(std::size_t{66} * 1024, 'x'));
  ASSERT_FALSE(slightly);
  EXPECT_EQ(slightly.error().code, ErrorCode::kPoison);
  EXPECT_TRUE(append_one(std::string(std::size_t{63} * 1024, 'x')));
  EXPECT_TRUE(append_one("after"));
  EXPECT_EQ(read(at(one.name), Offset{0}, 3).size(), 3U);
}

TEST_P(EventLogContract, AnAppendToWhatIsMissingIsNotFound) {
  const auto topic = make_topic(2);
  const auto nowhere = try_append(at(fresh("missing")), "", "v");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kNotFound);
  const auto beyond = try_append(at(topic, 2), "", "v");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kNotFound);
}

TEST_P(EventLogContract, TheLogSetsTheTimeWhereTheTopicSaysSo) {
  const auto topic = make_topic(1, true);
  const auto before = now() - std::chrono::minutes{1};
  append(at(topic), "", "v", from_unix_ms(1'000'000'000'000));
  const auto reader = log().read(at(topic), Offset{0});
  const auto batch = fetch(*reader, {1, 1_MiB, std::chrono::seconds{10}});
  ASSERT_TRUE(batch);
  ASSERT_EQ((*batch)->records().size(), 1U);
  EXPECT_GT((*batch)->records()[0].time, before);
  EXPECT_LT((*batch)->records()[0].time, now() + std::chrono::minutes{1});
}

TEST_P(EventLogContract, TheProducersTimeIsKeptWhereTheTopicAllows) {
  const auto topic = make_topic(1, false);
  append(at(topic), "", "new", from_unix_ms(1'700'000'000'123));
  append(at(topic), "", "old", from_unix_ms(1'400'000'000'456));
  const auto reader = log().read(at(topic), Offset{0});
  std::vector<std::int64_t> times;
  ASSERT_TRUE(eventually([&] {
    const auto batch = fetch(*reader);
    for (const auto& record : (*batch)->records()) times.push_back(unix_ms(record.time));
    return times.size() == 2;
  }));
  EXPECT_EQ(times, (std::vector<std::int64_t>{1'700'000'000'123, 1'400'000'000'456}));
}

TEST_P(EventLogContract, TheFirstOffsetOfATimeIsFound) {
  const auto topic = make_topic(2, false);
  constexpr std::int64_t kBegin = 1'700'000'000'000;
  for (const auto ms : {100, 200, 200, 300, 300, 300, 400}) append(at(topic), "", "v", from_unix_ms(kBegin + ms));
  const auto offset_at = [&](std::int64_t ms, std::int32_t partition = 0) {
    const auto found = await<Offset>(
        [&](auto done) { log().offset_at(at(topic, partition), from_unix_ms(kBegin + ms), std::move(done)); });
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(Offset{-1}).value;
  };
  EXPECT_EQ(offset_at(-kBegin), 0);
  EXPECT_EQ(offset_at(100), 0);
  EXPECT_EQ(offset_at(101), 1);
  EXPECT_EQ(offset_at(200), 1);
  EXPECT_EQ(offset_at(250), 3);
  EXPECT_EQ(offset_at(400), 6);
  EXPECT_EQ(offset_at(401), 7) << "the end: there is none";
  EXPECT_EQ(offset_at(0, 1), 0) << "a partition without records";
  const auto absent =
      await<Offset>([&](auto done) { log().offset_at(at(fresh("nowhere")), from_unix_ms(kBegin), std::move(done)); });
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
}

TEST_P(EventLogContract, WithoutATimeARecordIsOfNow) {
  const auto topic = make_topic(1, false);
  const auto before = now() - std::chrono::minutes{1};
  append(at(topic), "", "v");
  const auto reader = log().read(at(topic), Offset{0});
  const auto batch = fetch(*reader, {1, 1_MiB, std::chrono::seconds{10}});
  ASSERT_TRUE(batch);
  ASSERT_EQ((*batch)->records().size(), 1U);
  if (GetParam().name != "fake") {
    EXPECT_GT((*batch)->records()[0].time, before);
  }
  EXPECT_LT((*batch)->records()[0].time, now() + std::chrono::minutes{1});
}

TEST_P(EventLogContract, AnsweredRecordsSurviveARestart) {
  const auto topic = make_topic(2);
  append_numbers(at(topic, 0), 300);
  append(at(topic, 1), "k", "v");
  adapter().restart();
  EXPECT_EQ(read(at(topic, 0), Offset{0}, 300).size(), 300U);
  EXPECT_EQ(append(at(topic, 1), "k", "next"), Offset{1});
  EXPECT_EQ(read(at(topic, 1), Offset{0}, 2), (std::vector<Copy>{{0, "k", "v"}, {1, "k", "next"}}));
}

TEST_P(EventLogContract, WhatIsInFlightIsCountedUntilItIsAnswered) {
  const auto topic = make_topic();
  const auto producer = log().producer({});
  EXPECT_EQ(producer->in_flight_bytes(), 0_B);
  std::atomic<int> answered{0};
  for (int i = 0; i < 50; ++i) {
    producer->append({at(topic), "key", std::string(1000, 'v'), std::nullopt},
                     Completion<Offset>(inline_executor(), [&](Result<Offset> r) { answered += r ? 1 : 1000; }));
  }
  EXPECT_LE(producer->in_flight_bytes(), Bytes{50 * 1003});
  ASSERT_TRUE(eventually([&] { return answered >= 50; }));
  EXPECT_EQ(answered, 50);
  EXPECT_TRUE(eventually([&] { return producer->in_flight_bytes() == 0_B; }));
}

TEST_P(EventLogContract, ProducersOnSeveralThreadsKeepTheirOwnOrder) {
  const auto topic = make_topic();
  constexpr int kThreads = 4;
  constexpr int kEach = 250;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto producer = log().producer({});
      std::atomic<int> open{kEach};
      for (int i = 0; i < kEach; ++i) {
        producer->append({at(topic), std::to_string(t), std::to_string(i), std::nullopt},
                         Completion<Offset>(inline_executor(), [&](Result<Offset> r) {
                           if (!r) ++failures;
                           --open;
                         }));
      }
      while (open > 0) std::this_thread::yield();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  std::vector<int> next(kThreads);
  const auto records = read(at(topic), Offset{0}, kThreads * kEach);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(kThreads * kEach));
  for (const auto& record : records) {
    const auto thread = static_cast<std::size_t>(std::stoi(record.key));
    ASSERT_EQ(std::stoi(record.value), next[thread]++);
  }
}

TEST_P(EventLogContract, AClosedProducerHasAnsweredEachRecordOnce) {
  const auto topic = make_topic();
  std::atomic<int> answered{0};
  std::atomic<int> stored{0};
  auto producer = log().producer({});
  for (int i = 0; i < 500; ++i) {
    producer->append({at(topic), "", std::string(100, 'v'), std::nullopt},
                     Completion<Offset>(inline_executor(), [&](Result<Offset> r) {
                       if (r) ++stored;
                       if (!r) EXPECT_EQ(r.error().code, ErrorCode::kCancelled);
                       ++answered;
                     }));
  }
  producer.reset();
  ASSERT_TRUE(eventually([&] { return answered == 500; }));
  EXPECT_GE(bounds(at(topic)).end.value, stored);
}

}  // namespace
}  // namespace guidepost::contract
