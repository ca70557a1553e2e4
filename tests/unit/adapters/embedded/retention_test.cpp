#include <rocksdb/db.h>

#include "unit/adapters/embedded/stores.hpp"

namespace guidepost {
namespace {

TimeMs now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

void expire(EmbeddedEventLog& log) {
  ASSERT_TRUE(await<void>([&](auto done) { log.expire(std::move(done)); }));
}

/// Keys of a column family, read without the store.
std::size_t keys_in(const std::filesystem::path& folder, const std::string& family) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto opened =
      rocksdb::DB::OpenForReadOnly(rocksdb::DBOptions{}, (folder / "rocks").string(),
                                   {{rocksdb::kDefaultColumnFamilyName, {}}, {family, {}}}, &handles, &raw);
  if (!opened.ok()) throw std::runtime_error(opened.ToString());
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::size_t keys = 0;
  {
    rocksdb::ReadOptions all;
    all.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(all, handles[1]));
    for (at->SeekToFirst(); at->Valid(); at->Next()) ++keys;
  }
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return keys;
}

TEST(EmbeddedRetention, WhatIsOlderThanTheTopicsRetentionGoes) {
  const test::TempFolder folder;
  {
    auto log = test::open_log(folder.path() / "log");
    ASSERT_TRUE(log);
    test::make_topic(**log, "t", 1, false, std::chrono::hours{24});
    const auto producer = (*log)->producer({});
    for (const int hours : {100, 50, 25, 23, 1})
      ASSERT_TRUE(test::append(*producer, "t", std::to_string(hours), now() - std::chrono::hours{hours}));
    expire(**log);
    EXPECT_EQ(test::bounds(**log, "t").begin, Offset{3});
    EXPECT_EQ(test::values(**log, "t", Offset{3}), (std::vector<std::string>{"23", "1"}));
  }
  EXPECT_EQ(keys_in(folder.path() / "log", "chunks"), 2U);
  auto again = test::open_log(folder.path() / "log");
  ASSERT_TRUE(again);
  EXPECT_EQ(test::bounds(**again, "t").begin, Offset{3});
  EXPECT_EQ(test::bounds(**again, "t").end, Offset{5});
}

TEST(EmbeddedRetention, AnOldRecordBehindANewOneStays) {
  const test::TempFolder folder;
  auto log = test::open_log(folder.path() / "log");
  ASSERT_TRUE(log);
  test::make_topic(**log, "t", 1, false, std::chrono::hours{24});
  const auto producer = (*log)->producer({});
  for (const int hours : {1, 100})
    ASSERT_TRUE(test::append(*producer, "t", std::to_string(hours), now() - std::chrono::hours{hours}));
  expire(**log);
  EXPECT_EQ(test::bounds(**log, "t").begin, Offset{0});
}

TEST(EmbeddedRetention, OffsetsGoOnWhereAllRecordsAreGone) {
  const test::TempFolder folder;
  {
    auto log = test::open_log(folder.path() / "log");
    ASSERT_TRUE(log);
    test::make_topic(**log, "t", 1, false, std::chrono::hours{1});
    const auto producer = (*log)->producer({});
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(test::append(*producer, "t", "old", now() - std::chrono::hours{5}));
    expire(**log);
  }
  auto log = test::open_log(folder.path() / "log");
  ASSERT_TRUE(log);
  EXPECT_EQ(test::bounds(**log, "t").begin, Offset{7});
  EXPECT_EQ(test::bounds(**log, "t").end, Offset{7});
  const auto producer = (*log)->producer({});
  EXPECT_EQ(test::append(*producer, "t", "new").value(), Offset{7});
}

TEST(EmbeddedRetention, ForEverIsForEver) {
  const test::TempFolder folder;
  auto log = test::open_log(folder.path() / "log");
  ASSERT_TRUE(log);
  test::make_topic(**log, "t", 1, false, std::chrono::milliseconds{-1});
  const auto producer = (*log)->producer({});
  ASSERT_TRUE(test::append(*producer, "t", "old", from_unix_ms(0)));
  expire(**log);
  EXPECT_EQ(test::bounds(**log, "t").begin, Offset{0});
}

TEST(EmbeddedRetention, ALogMayBeGivenUpInTheMiddleOfAChunk) {
  const test::TempFolder folder;
  auto log = test::open_log(folder.path() / "log");
  ASSERT_TRUE(log);
  test::make_topic(**log, "t");
  const auto producer = (*log)->producer({});
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < 1000; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    answers.push_back(promise->get_future());
    producer->append(
        {{"t", Partition{0}}, "", std::to_string(i), std::nullopt},
        Completion<Offset>(inline_executor(), [promise](Result<Offset> r) { promise->set_value(r.has_value()); }));
  }
  for (auto& answer : answers) ASSERT_TRUE(answer.get());
  ASSERT_TRUE(
      await<void>([&](auto done) { (*log)->truncate_before({"t", Partition{0}}, Offset{777}, std::move(done)); }));
  const auto values = test::values(**log, "t", Offset{777});
  ASSERT_EQ(values.size(), 223U);
  EXPECT_EQ(values.front(), "777");
  const auto below = (*log)->read({"t", Partition{0}}, Offset{776});
  const auto batch = await<std::unique_ptr<LogBatch>>([&](auto done) { below->fetch({}, std::move(done)); });
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kOutOfRange);
}

TEST(EmbeddedRetention, ADeletedTopicLeavesNothingBehind) {
  const test::TempFolder folder;
  {
    auto log = test::open_log(folder.path() / "log");
    ASSERT_TRUE(log);
    test::make_topic(**log, "t", 3);
    const auto producer = (*log)->producer({});
    for (int p = 0; p < 3; ++p) ASSERT_TRUE(test::append(*producer, "t", "v", std::nullopt, p));
    ASSERT_TRUE(await<void>([&](auto done) { (*log)->delete_topic("t", std::move(done)); }));
  }
  EXPECT_EQ(keys_in(folder.path() / "log", "chunks"), 0U);
}

TEST(EmbeddedRetention, MergedFilesHoldNoMoreVersionsThanTheFamilyKeeps) {
  const test::TempFolder folder;
  {
    auto store = test::open_tables(folder.path() / "tables");
    ASSERT_TRUE(store);
    test::make_table(**store, "one", 1);
    test::make_table(**store, "three", 3);
    test::make_table(**store, "all", FamilySpec::kAllVersions);
    for (int timestamp = 0; timestamp < 20; ++timestamp) {
      for (const auto* table : {"one", "three", "all"}) {
        for (const auto* row : {"a", "b"})
          ASSERT_TRUE(test::put(**store, table, row, timestamp, std::to_string(timestamp)));
      }
    }
    (*store)->compact();
    for (const auto* table : {"one", "three", "all"}) EXPECT_EQ(test::value(**store, table, "b"), "19");
  }
  EXPECT_EQ(keys_in(folder.path() / "tables", "cells"), 2U * (1 + 3 + 20));
}

TEST(EmbeddedRetention, OpeningIsQuick) {
  const test::TempFolder folder;
  {
    auto log = test::open_log(folder.path() / "log");
    ASSERT_TRUE(log);
    test::make_topic(**log, "t", 64);
    const auto producer = (*log)->producer({});
    for (int p = 0; p < 64; ++p) ASSERT_TRUE(test::append(*producer, "t", std::string(50'000, 'x'), std::nullopt, p));
  }
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(test::open_log(folder.path() / "log"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{2});
}

}  // namespace
}  // namespace guidepost
