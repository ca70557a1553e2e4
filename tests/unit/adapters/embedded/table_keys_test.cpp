#include "adapters/embedded/table_keys.hpp"

#include <gtest/gtest.h>
#include <random>
#include <tuple>

namespace guidepost::embedded {
namespace {

std::string key_of(TableNumber table, std::string_view row, std::uint8_t family, std::string_view qualifier,
                   std::int64_t timestamp) {
  std::string key = row_prefix(table, row);
  append_cell(key, family, qualifier, timestamp);
  return key;
}

TEST(TableKeys, AKeyIsWrittenAsDocumented) {
  EXPECT_EQ(key_of(7, std::string("a\0b", 3), 1, "q", 258), std::string("\x00\x00\x00\x07"
                                                                        "a\x00\xff"
                                                                        "b\x00\x01"
                                                                        "\x01"
                                                                        "q\x00\x01"
                                                                        "\x7f\xff\xff\xff\xff\xff\xfe\xfd",
                                                                        22));
}

TEST(TableKeys, KeysSortAsTheirPartsDoAndComeApartAgain) {
  using Parts = std::tuple<TableNumber, std::string, std::uint8_t, std::string, std::int64_t>;
  std::mt19937 random(4711);
  const std::string alphabet(
      "\x00\x01\x02\xfe\xff"
      "ab",
      7);
  const auto bytes = [&](std::size_t least) {
    std::string text(least + random() % 5, '\0');
    for (auto& c : text) c = alphabet[random() % alphabet.size()];
    return text;
  };
  const std::int64_t times[] = {0, 1, 255, 256, INT64_MAX / 2, INT64_MAX - 1};
  std::vector<Parts> all;
  for (int i = 0; i < 600; ++i) {
    all.emplace_back(random() % 3, bytes(1), static_cast<std::uint8_t>(random() % 3), bytes(0), times[random() % 6]);
  }
  const auto newest_first = [](Parts parts) {
    std::get<4>(parts) = -std::get<4>(parts);
    return parts;
  };
  for (const auto& a : all) {
    const auto key_a = std::apply(key_of, a);
    for (const auto& b : all) {
      const auto key_b = std::apply(key_of, b);
      ASSERT_EQ(key_a < key_b, newest_first(a) < newest_first(b));
    }
    const auto cell = parse_cell_key(key_a);
    ASSERT_TRUE(cell);
    ASSERT_EQ((Parts{cell->table, unescaped(cell->row), cell->family, unescaped(cell->qualifier), cell->timestamp}), a);
    ASSERT_EQ(cell->row_prefix.size(), row_prefix_length(key_a));
  }
}

TEST(TableKeys, WhatIsCutOffIsNoKey) {
  const auto key = key_of(1, "row", 0, "qualifier", 5);
  for (std::size_t length = 0; length < key.size(); ++length)
    EXPECT_FALSE(parse_cell_key(std::string_view(key).substr(0, length))) << length;
  EXPECT_FALSE(parse_cell_key(key + "x"));
}

TEST(TableKeys, RowsBeginAtTheirStart) {
  const auto at = [](std::string_view row) { return key_of(1, row, 0, "", 1); };
  EXPECT_LE(row_start(1, "b"), at("b"));
  EXPECT_GT(row_start(1, std::string_view("b\0", 2)), at("b"));
  EXPECT_LE(row_start(1, std::string_view("b\0", 2)), at(std::string_view("b\0", 2)));
  EXPECT_GT(row_start(1, "b"), at("a\xff\xff"));
}

}  // namespace
}  // namespace guidepost::embedded
