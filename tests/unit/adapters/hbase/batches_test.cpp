#include "adapters/hbase/batches.hpp"

#include <gtest/gtest.h>

namespace guidepost::hbase {
namespace {

RowPut row_of(const std::string& key, std::size_t value_bytes) {
  return {key, {{"f", "q", 1, std::string(value_bytes, 'x')}}};
}

std::vector<RowPut> rows_of(std::size_t count, std::size_t value_bytes) {
  std::vector<RowPut> rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back(row_of("row" + std::to_string(i), value_bytes));
  return rows;
}

std::vector<std::size_t> sizes(const std::vector<std::vector<RowPut>>& batches) {
  std::vector<std::size_t> out;
  for (const auto& batch : batches) out.push_back(batch.size());
  return out;
}

TEST(Batches, are_cut_by_rows) {
  EXPECT_EQ(sizes(cut(rows_of(1001, 10), 500, 1_MiB)), (std::vector<std::size_t>{500, 500, 1}));
  EXPECT_EQ(sizes(cut(rows_of(500, 10), 500, 1_MiB)), (std::vector<std::size_t>{500}));
  EXPECT_TRUE(cut(std::vector<RowPut>{}, 500, 1_MiB).empty());
}

TEST(Batches, are_cut_by_bytes_before_they_are_over) {
  const auto batches = cut(rows_of(10, 300 * 1024), 500, 1_MiB);
  EXPECT_EQ(sizes(batches), (std::vector<std::size_t>{3, 3, 3, 1}));
}

TEST(Batches, keep_the_order_of_rows) {
  const auto batches = cut(rows_of(7, 10), 3, 1_MiB);
  EXPECT_EQ(batches[0][0].row, "row0");
  EXPECT_EQ(batches[1][0].row, "row3");
  EXPECT_EQ(batches[2][0].row, "row6");
}

TEST(Batches, a_row_over_the_limit_goes_alone) {
  std::vector<RowPut> rows;
  rows.push_back(row_of("a", 10));
  rows.push_back(row_of("b", 2 * 1024 * 1024));
  rows.push_back(row_of("c", 10));
  EXPECT_EQ(sizes(cut(std::move(rows), 500, 1_MiB)), (std::vector<std::size_t>{1, 1, 1}));
}

TEST(Batches, a_row_that_comes_twice_is_seen) {
  auto rows = rows_of(5, 1);
  EXPECT_FALSE(repeats_a_row(rows));
  rows.push_back(row_of("row2", 9));
  EXPECT_TRUE(repeats_a_row(rows));
}

TEST(RowWeights, aim_at_the_size_of_a_reply) {
  RowWeights weights;
  const auto unknown = weights.rows_within("t", 4_MiB);
  EXPECT_GE(unknown, 1U);
  EXPECT_LE(unknown, 100U);
  weights.learn("t", {Row{"a", {{"f", "q", 1, std::string(64 * 1024, 'x')}}}});
  EXPECT_NEAR(static_cast<double>(weights.rows_within("t", 4_MiB)), 64, 1);
  EXPECT_EQ(weights.rows_within("t", 1_KiB), 1U);
  EXPECT_EQ(weights.rows_within("another", 4_MiB), unknown);
}

TEST(RowWeights, absent_rows_do_not_make_a_table_look_light) {
  RowWeights weights;
  weights.learn("t", {Row{"a", {{"f", "q", 1, std::string(64 * 1024, 'x')}}}});
  for (int i = 0; i < 100; ++i) weights.learn("t", {Row{"b", {}}, Row{"c", {}}});
  EXPECT_LE(weights.rows_within("t", 4_MiB), 64U);
}

TEST(RowWeights, get_heavy_at_once_and_light_by_and_by) {
  RowWeights weights;
  const std::vector<Row> light{Row{"a", {{"f", "q", 1, "x"}}}};
  const std::vector<Row> heavy{Row{"a", {{"f", "q", 1, std::string(1024 * 1024, 'x')}}}};
  weights.learn("t", light);
  weights.learn("t", heavy);
  EXPECT_LE(weights.rows_within("t", 4_MiB), 4U);
  weights.learn("t", light);
  EXPECT_LE(weights.rows_within("t", 4_MiB), 6U);
}

}  // namespace
}  // namespace guidepost::hbase
