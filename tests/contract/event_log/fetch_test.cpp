#include "contract/event_log/suite.hpp"

namespace guidepost::contract {
namespace {

using std::chrono::milliseconds;

TEST_P(EventLogContract, ABatchHasAtMostMaxRecords) {
  const auto topic = make_topic();
  append_numbers(at(topic), 25);
  const auto reader = log().read(at(topic), Offset{0});
  std::vector<Copy> all;
  ASSERT_TRUE(eventually([&] {
    const auto batch = fetch(*reader, {10, 1_MiB, milliseconds{100}});
    EXPECT_LE((*batch)->records().size(), 10U);
    for (auto& copy : copies(**batch)) all.push_back(std::move(copy));
    return all.size() >= 25;
  }));
  EXPECT_EQ(all.back(), (Copy{24, "", "24"}));
}

TEST_P(EventLogContract, ABatchHasAtMostMaxBytes) {
  const auto topic = make_topic();
  for (int i = 0; i < 12; ++i) append(at(topic), "key", std::string(997, static_cast<char>('a' + i)));
  const auto reader = log().read(at(topic), Offset{0});
  std::size_t seen = 0;
  ASSERT_TRUE(eventually([&] {
    const auto batch = fetch(*reader, {1000, 3500_B, milliseconds{100}});
    EXPECT_LE((*batch)->records().size(), 3U);
    seen += (*batch)->records().size();
    return seen >= 12;
  }));
  EXPECT_EQ(seen, 12U);
}

TEST_P(EventLogContract, OneRecordAlwaysFits) {
  const auto topic = make_topic();
  append(at(topic), "", std::string(500'000, 'a'));
  append(at(topic), "", std::string(500'000, 'b'));
  const auto records = read(at(topic), Offset{0}, 2, {1000, 10_B, milliseconds{100}});
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].value, std::string(500'000, 'b'));
}

TEST_P(EventLogContract, BatchesChainFromTheFirstOffsetToTheEnd) {
  const auto topic = make_topic();
  append_numbers(at(topic), 100);
  const auto reader = log().read(at(topic), Offset{3});
  Offset next{3};
  ASSERT_TRUE(eventually([&] {
    const auto batch = fetch(*reader, {7, 1_MiB, milliseconds{100}});
    EXPECT_EQ((*batch)->from(), next);
    for (const auto& record : (*batch)->records()) {
      EXPECT_EQ(record.offset, next);
      next = next + 1;
    }
    EXPECT_EQ((*batch)->next(), next);
    return next == Offset{100};
  }));
}

TEST_P(EventLogContract, HolesArePassedAndNamedByTheBatches) {
  const auto topic = make_topic();
  append_numbers(at(topic), 3);
  adapter().append_holes(at(topic));
  append_numbers(at(topic), 2);
  const Offset end = bounds(at(topic)).end;
  const auto reader = log().read(at(topic), Offset{0});
  Offset next{0};
  std::vector<std::string> values;
  ASSERT_TRUE(eventually([&] {
    const auto batch = fetch(*reader);
    EXPECT_EQ((*batch)->from(), next);
    for (const auto& record : (*batch)->records()) {
      EXPECT_GE(record.offset, next);
      EXPECT_LT(record.offset, (*batch)->next());
      values.emplace_back(record.value);
      next = record.offset + 1;
    }
    next = (*batch)->next();
    return next == end;
  }));
  EXPECT_EQ(values, (std::vector<std::string>{"0", "1", "2", "0", "1"}));
  EXPECT_GE(end, Offset{5});
}

TEST_P(EventLogContract, AReaderMayBeginInAHole) {
  const auto topic = make_topic();
  append_numbers(at(topic), 1);
  adapter().append_holes(at(topic));
  append_numbers(at(topic), 1);
  const auto last = bounds(at(topic)).end - 1;
  const auto records = read(at(topic), Offset{1}, 1);
  EXPECT_EQ(records, (std::vector<Copy>{{last.value, "", "0"}}));
}

TEST_P(EventLogContract, AFetchAtTheEndIsEmptyAfterItsWait) {
  const auto topic = make_topic();
  append_numbers(at(topic), 4);
  const auto reader = log().read(at(topic), Offset{4});
  const auto before = std::chrono::steady_clock::now();
  const auto batch = fetch(*reader, {10, 1_MiB, milliseconds{300}});
  ASSERT_TRUE(batch);
  EXPECT_TRUE((*batch)->records().empty());
  EXPECT_EQ((*batch)->from(), Offset{4});
  EXPECT_EQ((*batch)->next(), Offset{4});
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds{290});
}

TEST_P(EventLogContract, AFetchOfAnEmptyPartitionIsEmpty) {
  const auto topic = make_topic();
  const auto reader = log().read(at(topic), Offset{0});
  const auto batch = fetch(*reader);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_TRUE((*batch)->records().empty());
  EXPECT_EQ((*batch)->next(), Offset{0});
}

TEST_P(EventLogContract, AWaitingFetchIsWokenByAnAppend) {
  const auto topic = make_topic();
  const auto reader = log().read(at(topic), Offset{0});
  auto [done, answer] = open_fetch();
  reader->fetch({10, 1_MiB, adapter().patience() * 2}, std::move(done));
  EXPECT_EQ(answer.wait_for(milliseconds{50}), std::future_status::timeout);
  append(at(topic), "", "here");
  ASSERT_EQ(answer.wait_for(adapter().patience()), std::future_status::ready);
  const auto batch = answer.get();
  ASSERT_TRUE(batch);
  EXPECT_EQ(copies(**batch), (std::vector<Copy>{{0, "", "here"}}));
}

TEST_P(EventLogContract, AFetchBelowTheLogsBeginIsOutOfRange) {
  const auto topic = make_topic();
  append_numbers(at(topic), 10);
  adapter().truncate_before(at(topic), Offset{6});
  ASSERT_TRUE(eventually([&] { return bounds(at(topic)).begin == Offset{6}; }));
  EXPECT_EQ(bounds(at(topic)).end, Offset{10});
  const auto reader = log().read(at(topic), Offset{5});
  EXPECT_EQ(error_of(*reader), ErrorCode::kOutOfRange);
  EXPECT_EQ(read(at(topic), Offset{6}, 4).front(), (Copy{6, "", "6"}));
}

TEST_P(EventLogContract, AFetchBehindTheEndIsOutOfRange) {
  const auto topic = make_topic();
  append_numbers(at(topic), 2);
  const auto reader = log().read(at(topic), Offset{3});
  EXPECT_EQ(error_of(*reader), ErrorCode::kOutOfRange);
  EXPECT_EQ(error_of(*reader), ErrorCode::kOutOfRange);  // again: the position is what it was
}

TEST_P(EventLogContract, AFetchOfWhatIsMissingIsNotFound) {
  const auto topic = make_topic(2);
  const auto nowhere = log().read(at(fresh("missing")), Offset{0});
  EXPECT_EQ(error_of(*nowhere), ErrorCode::kNotFound);
  const auto beyond = log().read(at(topic, 2), Offset{0});
  EXPECT_EQ(error_of(*beyond), ErrorCode::kNotFound);
}

TEST_P(EventLogContract, AReaderOfADeletedTopicIsTold) {
  const auto topic = make_topic();
  append_numbers(at(topic), 1);
  const auto reader = log().read(at(topic), Offset{0});
  ASSERT_TRUE(eventually([&] { return fetch(*reader).value()->next() == Offset{1}; }));
  remove(topic);
  EXPECT_EQ(error_of(*reader), ErrorCode::kNotFound);
}

TEST_P(EventLogContract, AReaderKnowsATopicThatWasMadeAgain) {
  const auto one = spec(fresh("topic"));
  create(one);
  append_numbers(at(one.name), 1);
  const auto reader = log().read(at(one.name), Offset{0});
  ASSERT_TRUE(eventually([&] { return fetch(*reader).value()->next() == Offset{1}; }));
  make_again(one);
  append_numbers(at(one.name), 5);
  const auto told = error_of(*reader);
  if (told == ErrorCode::kNotFound && adapter().looks_in_between()) return;
  EXPECT_EQ(told, ErrorCode::kTopicChanged) << to_string(told);
}

TEST_P(EventLogContract, ClosingAReaderCancelsItsOpenFetch) {
  const auto topic = make_topic();
  auto reader = log().read(at(topic), Offset{0});
  auto [done, answer] = open_fetch();
  reader->fetch({10, 1_MiB, adapter().patience() * 2}, std::move(done));
  reader.reset();
  ASSERT_EQ(answer.wait_for(adapter().patience()), std::future_status::ready);
  const auto batch = answer.get();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kCancelled);
}

TEST_P(EventLogContract, ASecondFetchWhileOneIsOpenIsRefused) {
  const auto topic = make_topic();
  auto reader = log().read(at(topic), Offset{0});
  auto [done, answer] = open_fetch();
  reader->fetch({10, 1_MiB, adapter().patience()}, std::move(done));
  const auto second = fetch(*reader);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
  append(at(topic), "", "v");
  EXPECT_EQ(answer.get().value()->records().size(), 1U);
}

TEST_P(EventLogContract, ABatchOutlivesItsReaderAndLaterFetches) {
  const auto topic = make_topic();
  for (int i = 0; i < 50; ++i) append(at(topic), "key", std::string(2000, static_cast<char>('A' + i)));
  auto reader = log().read(at(topic), Offset{0});
  auto first = fetch(*reader, {10, 1_MiB, std::chrono::seconds{10}});
  ASSERT_TRUE(first);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fetch(*reader, {5, 1_MiB, milliseconds{100}}));
  reader.reset();
  ASSERT_FALSE((*first)->records().empty());
  for (const auto& record : (*first)->records()) {
    EXPECT_EQ(record.value, std::string(2000, static_cast<char>('A' + record.offset.value)));
  }
}

TEST_P(EventLogContract, ReadersOfOnePartitionDoNotDisturbEachOther) {
  const auto topic = make_topic();
  append_numbers(at(topic), 20);
  const auto first = log().read(at(topic), Offset{0});
  const auto second = log().read(at(topic), Offset{10});
  const auto limits = FetchLimits{2, 1_MiB, std::chrono::seconds{10}};
  EXPECT_EQ(fetch(*first, limits).value()->records().front().offset, Offset{0});
  EXPECT_EQ(fetch(*second, limits).value()->records().front().offset, Offset{10});
}

TEST_P(EventLogContract, AReaderSeesRecordsAppendedAfterItReachedTheEnd) {
  const auto topic = make_topic();
  append_numbers(at(topic), 1);
  const auto reader = log().read(at(topic), Offset{0});
  ASSERT_TRUE(eventually([&] { return fetch(*reader).value()->next() == Offset{1}; }));
  ASSERT_TRUE(fetch(*reader).value()->records().empty());
  append(at(topic), "", "later");
  ASSERT_TRUE(eventually([&] { return fetch(*reader).value()->next() == Offset{2}; }));
}

}  // namespace
}  // namespace guidepost::contract
