// What HBase answers about tables and families that are not there, and how it takes split keys.
#include <gtest/gtest.h>

#include <random>

#include "contract/table_store/real_server_hbase.hpp"

namespace guidepost::contract {
namespace {

using hbase::HBaseTableStore;

class HBaseTables : public ::testing::Test {
 protected:
  void SetUp() override {
    auto found = real_hbase();
    ASSERT_TRUE(found.has_value()) << found.error().message;
    options = *found;
    table = "tables_" + std::to_string(std::random_device{}());
  }
  static Result<void> create(HBaseTableStore& store, TableSpec spec) {
    return await<void>([&](auto done) { store.create_table(std::move(spec), std::move(done)); });
  }
  static Result<void> drop(HBaseTableStore& store, const std::string& name) {
    return await<void>([&](auto done) { store.drop_table(name, std::move(done)); });
  }
  static Result<void> put(HBaseTableStore& store, const std::string& name, const std::string& family, int rows) {
    std::vector<RowPut> all;
    for (int i = 0; i < rows; ++i) all.push_back({"row" + std::to_string(i), {{family, "q", 1, "v"}}});
    return await<void>([&](auto done) { store.put(name, std::move(all), std::move(done)); });
  }
  static Result<std::vector<Row>> get(HBaseTableStore& store, const std::string& name, const std::string& family,
                                      int rows) {
    std::vector<RowGet> all;
    for (int i = 0; i < rows; ++i) all.push_back({"row" + std::to_string(i), {family, {}, {}, 1}});
    return await<std::vector<Row>>([&](auto done) { store.get(name, std::move(all), std::move(done)); });
  }

  hbase::HBaseOptions options;
  std::string table;
};

TEST_F(HBaseTables, a_table_that_is_missing_is_said_so_at_once_for_one_row_and_for_many) {
  HBaseTableStore store(options);
  const auto began = std::chrono::steady_clock::now();
  for (const int rows : {1, 2, 700}) {
    EXPECT_EQ(put(store, table, "f", rows).error().code, ErrorCode::kNotFound) << rows;
    EXPECT_EQ(get(store, table, "", rows).error().code, ErrorCode::kNotFound) << rows;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20)) << "it was tried until the deadline";
}

TEST_F(HBaseTables, a_table_that_was_dropped_is_missing_also_for_who_knew_its_regions) {
  HBaseTableStore store(options);
  ASSERT_TRUE(create(store, {table, {{"f"}}, {}}).has_value());
  ASSERT_TRUE(put(store, table, "f", 3).has_value());
  ASSERT_TRUE(drop(store, table).has_value());
  EXPECT_EQ(put(store, table, "f", 3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(get(store, table, "f", 3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(drop(store, table).error().code, ErrorCode::kNotFound);
}

TEST_F(HBaseTables, an_unknown_family_is_refused_for_one_row_and_for_many) {
  HBaseTableStore store(options);
  ASSERT_TRUE(create(store, {table, {{"f"}}, {}}).has_value());
  for (const int rows : {1, 2, 700}) {
    EXPECT_EQ(put(store, table, "nosuch", rows).error().code, ErrorCode::kRefused) << rows;
    EXPECT_EQ(get(store, table, "nosuch", rows).error().code, ErrorCode::kRefused) << rows;
  }
  drop(store, table);
}

TEST_F(HBaseTables, every_codec_makes_a_table_that_works) {
  HBaseTableStore store(options);
  ASSERT_TRUE(create(store, {table,
                             {{"a", 1, Compression::kNone},
                              {"b", 1, Compression::kSnappy},
                              {"c", 1, Compression::kLz4},
                              {"d", 1, Compression::kZstd},
                              {"e", 1, Compression::kGz}},
                             {}})
                  .has_value());
  for (const auto* family : {"a", "b", "c", "d", "e"}) EXPECT_TRUE(put(store, table, family, 10).has_value()) << family;
  drop(store, table);
}

TEST_F(HBaseTables, split_keys_go_over_the_unframed_gateway) {
  HBaseTableStore store(options);
  auto made = create(store, {table, {{"f"}}, {std::string("\x10\x00", 2), "m", std::string("\xf0", 1)}});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(put(store, table, "f", 100).has_value());
  drop(store, table);
}

TEST_F(HBaseTables, split_keys_are_refused_where_only_framed_gateways_are_known_and_tables_without_are_made) {
  options.ddl_gateways.clear();
  HBaseTableStore store(options);
  auto made = create(store, {table, {{"f"}}, {"m"}});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kRefused);
  EXPECT_NE(made.error().message.find("unframed"), std::string::npos);
  made = create(store, {table, {{"f"}}, {}});
  EXPECT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(put(store, table, "f", 3).has_value());
  EXPECT_TRUE(drop(store, table).has_value());
}

TEST_F(HBaseTables, a_gateway_that_speaks_otherwise_is_told_by_its_address) {
  options.gateways = options.ddl_gateways;  // unframed and binary, asked framed and compact
  options.wire.greeting_timeout = std::chrono::milliseconds(500);
  options.retry.deadline = std::chrono::milliseconds(500);
  HBaseTableStore store(options);
  auto answer = await<void>([&](auto done) { store.ping(std::move(done)); });
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().message.find(hbase::to_string(options.gateways[0])), std::string::npos)
      << answer.error().message;
}

}  // namespace
}  // namespace guidepost::contract
