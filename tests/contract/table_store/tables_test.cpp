#include "contract/table_store/suite.hpp"

namespace guidepost::contract {
namespace {

TEST_P(TableStoreContract, ATableThatExistsIsLeftAsItIs) {
  const auto table = make_table();
  put(table, "r", "q", 1, "kept");
  const auto again = create({table, {{"other", 1, Compression::kNone}}, {}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(value(table, "r", "q"), "kept");
  EXPECT_EQ(try_put(table, {{"r", {{"other", "q", 1, "v"}}}}).error().code, ErrorCode::kRefused);
}

TEST_P(TableStoreContract, ATableMaySplitItsRowsFromTheStart) {
  const auto table = fresh("split");
  ASSERT_TRUE(
      create({table, {{"f", 1, Compression::kNone}}, {std::string("\x10", 1), std::string("\x80\0", 2), "\xff"}}));
  std::vector<RowPut> rows;
  for (int i = 0; i < 256; ++i)
    rows.push_back({std::string(1, static_cast<char>(i)) + "row", {{"f", "q", 1, std::to_string(i)}}});
  put(table, rows);
  const auto found = keys(table, {"", "", {}, 100});
  ASSERT_EQ(found.size(), 256U);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  EXPECT_EQ(keys(table, {"\x0f", "\x11", {}, 1}).size(), 2U);
}

TEST_P(TableStoreContract, ATableMayCompressItsFamilies) {
  const auto table = fresh("packed");
  ASSERT_TRUE(create({table, {{"f", 1, Compression::kSnappy}, {"g", 5, Compression::kGz}}, {}}));
  put(table, {{"r", {{"f", "q", 1, std::string(10000, 'a')}, {"g", "q", 1, "v"}}}});
  EXPECT_EQ(get(table, "r").cells.size(), 2U);
}

TEST_P(TableStoreContract, ADroppedTableIsGoneAndEmptyWhenMadeAgain) {
  const auto table = make_table();
  put(table, "r", "q", 9, "old");
  ASSERT_TRUE(drop(table));
  EXPECT_EQ(try_get(table, {{"r", {}}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(list(table), std::vector<std::string>{});
  ASSERT_TRUE(create({table, {{"f", 1, Compression::kNone}}, {}}));
  EXPECT_TRUE(get(table, "r").empty());
  put(table, "r", "q", 1, "new");
  EXPECT_EQ(value(table, "r", "q"), "new");
}

TEST_P(TableStoreContract, DroppingATableLeavesItsNeighbours) {
  const auto first = make_table();
  const auto second = make_table();
  const auto third = make_table();
  for (const auto& table : {first, second, third}) put(table, "r", "q", 1, table);
  ASSERT_TRUE(drop(second));
  adapter().restart();
  EXPECT_EQ(value(first, "r", "q"), first);
  EXPECT_EQ(value(third, "r", "q"), third);
}

TEST_P(TableStoreContract, TablesAreListedByPrefixAndSorted) {
  const auto prefix = fresh("list");
  std::vector<std::string> names;
  for (const auto* end : {"_b", "_a", "-c", ".d", ""}) {
    names.push_back(prefix + end);
    ASSERT_TRUE(create({names.back(), {{"f", 1, Compression::kNone}}, {}})) << names.back();
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(list(prefix), names);
  EXPECT_EQ(list(prefix + "_"), (std::vector<std::string>{prefix + "_a", prefix + "_b"}));
  EXPECT_EQ(list(prefix + "x"), std::vector<std::string>{});
  for (const auto& name : names) drop(name);
}

TEST_P(TableStoreContract, RowsOfTablesDoNotMix) {
  const auto first = make_table();
  const auto second = make_table();
  put(first, "r", "q", 1, "1");
  put(second, "r", "q", 1, "2");
  put(second, "s", "q", 1, "2");
  EXPECT_EQ(keys(first, {}), std::vector<std::string>{"r"});
  EXPECT_EQ(value(first, "r", "q"), "1");
  EXPECT_EQ(value(second, "r", "q"), "2");
}

TEST_P(TableStoreContract, TablesWithoutAProperShapeAreRefused) {
  const FamilySpec f{"f", 1, Compression::kNone};
  const auto name = fresh("wrong");
  const std::vector<TableSpec> wrong{{"", {f}, {}},
                                     {"a b", {f}, {}},
                                     {".a", {f}, {}},
                                     {"-a", {f}, {}},
                                     {"a:b", {f}, {}},
                                     {std::string(201, 'a'), {f}, {}},
                                     {name, {}, {}},
                                     {name, {f, f}, {}},
                                     {name, {{"", 1, Compression::kNone}}, {}},
                                     {name, {{"a:b", 1, Compression::kNone}}, {}},
                                     {name, {{"f", 0, Compression::kNone}}, {}},
                                     {name, {f}, {"b", "a"}},
                                     {name, {f}, {"a", "a"}},
                                     {name, {f}, {"", "a"}}};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto made = create(wrong[i]);
    ASSERT_FALSE(made) << i;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << i;
  }
}

TEST_P(TableStoreContract, PingAnswers) {
  EXPECT_TRUE(await<void>([&](auto done) { store().ping(std::move(done)); }).has_value());
}

}  // namespace
}  // namespace guidepost::contract
