#include <atomic>
#include <thread>

#include "contract/table_store/suite.hpp"

namespace guidepost::contract {
namespace {

using Keys = std::vector<std::string>;

TEST_P(TableStoreContract, RowsComeInTheOrderOfTheRequestWithAbsentOnesAndDuplicates) {
  const auto table = make_table();
  put(table, "a", "q", 1, "1");
  put(table, "c", "q", 1, "3");
  const auto rows = try_get(table, {{"c", {}}, {"missing", {}}, {"a", {}}, {"c", {}}});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 4U);
  EXPECT_EQ((*rows)[0].key, "c");
  EXPECT_EQ((*rows)[0].cells.at(0).value, "3");
  EXPECT_EQ((*rows)[1].key, "missing");
  EXPECT_TRUE((*rows)[1].empty());
  EXPECT_EQ((*rows)[2].cells.at(0).value, "1");
  EXPECT_EQ((*rows)[3].cells, (*rows)[0].cells);
}

TEST_P(TableStoreContract, AGetOfNoRowsIsEmpty) {
  const auto rows = try_get(make_table(), {});
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
}

TEST_P(TableStoreContract, AGetOfManyRowsAnswersEach) {
  const auto table = make_table();
  std::vector<RowPut> puts;
  for (int i = 0; i < 2000; i += 2) puts.push_back({"row" + std::to_string(i), {{"f", "q", 1, std::to_string(i)}}});
  put(table, puts);
  std::vector<RowGet> gets;
  for (int i = 0; i < 2000; ++i) gets.push_back({"row" + std::to_string(i), {}});
  const auto rows = try_get(table, gets);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2000U);
  for (std::size_t i = 0; i < 2000; ++i) {
    ASSERT_EQ((*rows)[i].key, "row" + std::to_string(i));
    ASSERT_EQ((*rows)[i].cells.size(), i % 2 == 0 ? 1U : 0U);
  }
}

TEST_P(TableStoreContract, AFilterPicksFamilyAndQualifiers) {
  const auto table = make_table();
  put(table, {{"r", {{"f", "a", 1, "fa"}, {"f", "b", 1, "fb"}, {"f", "c", 1, "fc"}, {"g", "a", 1, "ga"}}}});
  EXPECT_EQ(get(table, "r", {"f", {"c", "a", "x"}, {}, 1}).cells,
            (std::vector<Cell>{{"f", "a", 1, "fa"}, {"f", "c", 1, "fc"}}));
  EXPECT_EQ(get(table, "r", {"g", {}, {}, 1}).cells, (std::vector<Cell>{{"g", "a", 1, "ga"}}));
  EXPECT_TRUE(get(table, "r", {"g", {"b"}, {}, 1}).empty());
  EXPECT_EQ(get(table, "r").cells.size(), 4U);
}

TEST_P(TableStoreContract, ARowHasItsNewestCellByName) {
  const auto table = make_table(5);
  put(table, "r", "q", 1, "old");
  put(table, "r", "q", 2, "new");
  const Row row = get(table, "r", {"", {}, {}, 5});
  ASSERT_NE(row.find("f", "q"), nullptr);
  EXPECT_EQ(row.find("f", "q")->value, "new");
  EXPECT_EQ(row.find("g", "q"), nullptr);
}

TEST_P(TableStoreContract, AScanGivesRowsInOrderOfTheirBytes) {
  const auto table = make_table();
  const Keys rows{std::string("\0", 1),
                  std::string("\0\0", 2),
                  std::string("\0\xff", 2),
                  std::string("\1", 1),
                  "A",
                  "a",
                  std::string("a\0", 2),
                  std::string("a\0b", 3),
                  "aa",
                  "b",
                  "\x7f",
                  "\x80",
                  "\xff",
                  "\xff\xff"};
  for (auto at = rows.rbegin(); at != rows.rend(); ++at) put(table, *at, "q", 1, "v");
  EXPECT_EQ(keys(table, {}), rows);
}

TEST_P(TableStoreContract, AScanBeginsAtStartAndEndsBeforeStop) {
  const auto table = make_table();
  for (const auto* row : {"a", "b", "b1", "c", "d"}) put(table, row, "q", 1, "v");
  EXPECT_EQ(keys(table, {"b", "d", {}, 10}), (Keys{"b", "b1", "c"}));
  EXPECT_EQ(keys(table, {"b0", "c", {}, 10}), (Keys{"b1"}));
  EXPECT_EQ(keys(table, {"c", "", {}, 10}), (Keys{"c", "d"}));
  EXPECT_EQ(keys(table, {"", "b", {}, 10}), (Keys{"a"}));
  EXPECT_EQ(keys(table, {"e", "", {}, 10}), Keys{});
}

TEST_P(TableStoreContract, AScanThatStopsWhereItBeginsIsEmpty) {
  const auto table = make_table();
  put(table, "b", "q", 1, "v");
  EXPECT_EQ(keys(table, {"b", "b", {}, 10}), Keys{});
  EXPECT_EQ(keys(table, {"c", "a", {}, 10}), Keys{});
}

TEST_P(TableStoreContract, AScanOfAnEmptyTableIsEmpty) {
  const auto page = try_scan(make_table(), {});
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->rows.empty());
  EXPECT_TRUE(page->next.empty());
}

TEST_P(TableStoreContract, BoundsWithZeroBytesAreExact) {
  const auto table = make_table();
  const Keys rows{"a", std::string("a\0", 2), std::string("a\0\0", 3), "aa"};
  for (const auto& row : rows) put(table, row, "q", 1, "v");
  EXPECT_EQ(keys(table, {"a", std::string("a\0", 2), {}, 10}), (Keys{"a"}));
  EXPECT_EQ(keys(table, {std::string("a\0", 2), "aa", {}, 10}), (Keys{rows[1], rows[2]}));
  EXPECT_EQ(keys(table, {std::string("a\0\0", 3), "", {}, 10}), (Keys{rows[2], rows[3]}));
}

TEST_P(TableStoreContract, PagesJoinWithoutLossOrRepetition) {
  const auto table = make_table();
  std::vector<RowPut> puts;
  Keys rows;
  for (int i = 0; i < 105; ++i) {
    char key[8];
    std::snprintf(key, sizeof key, "%04d", i);
    rows.emplace_back(key);
    puts.push_back({key, {{"f", "q", 1, "v"}}});
  }
  put(table, puts);
  for (const std::size_t page : {1U, 7U, 21U, 104U, 105U, 106U})
    EXPECT_EQ(keys(table, {"", "", {}, page}), rows) << page;
}

TEST_P(TableStoreContract, APrefixScanFindsExactlyItsRowsAlsoWithFf) {
  const auto table = make_table();
  const Keys rows{"p", "p\xfe", "p\xff", "p\xff\x01", "p\xff\xff", "q", "\xff", "\xff\xff", "\xff\xff\x01"};
  for (const auto& row : rows) put(table, row, "q", 1, "v");
  EXPECT_EQ(keys(table, {"p\xff", after_prefix("p\xff"), {}, 10}), (Keys{"p\xff", "p\xff\x01", "p\xff\xff"}));
  EXPECT_EQ(keys(table, {"\xff", after_prefix("\xff"), {}, 10}), (Keys{"\xff", "\xff\xff", "\xff\xff\x01"}));
  EXPECT_EQ(keys(table, {"\xff\xff", after_prefix("\xff\xff"), {}, 10}), (Keys{"\xff\xff", "\xff\xff\x01"}));
}

TEST_P(TableStoreContract, RowsWithoutAFittingCellAreLeftOutOfAScan) {
  const auto table = make_table();
  put(table, {{"a", {{"f", "x", 1, "v"}}},
              {"b", {{"g", "x", 1, "v"}}},
              {"c", {{"f", "y", 1, "v"}}},
              {"d", {{"f", "x", 9, "v"}}}});
  EXPECT_EQ(keys(table, {"", "", {"f", {}, {}, 1}, 2}), (Keys{"a", "c", "d"}));
  EXPECT_EQ(keys(table, {"", "", {"f", {"x"}, {}, 1}, 1}), (Keys{"a", "d"}));
  EXPECT_EQ(keys(table, {"", "", {"f", {}, {0, 5}, 1}, 1}), (Keys{"a", "c"}));
}

TEST_P(TableStoreContract, AScanGivesVersionsAndFamiliesAsAGetDoes) {
  const auto table = make_table(FamilySpec::kAllVersions);
  for (int timestamp = 1; timestamp <= 4; ++timestamp)
    put(table, {{"r", {{"f", "q", timestamp, "f"}, {"g", "q", timestamp, "g"}}}});
  put(table, "s", "q", 1, "other");
  const CellFilter filter{"", {}, {2, 4}, 9};
  const auto page = try_scan(table, {"r", "s", filter, 10});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows[0].cells, get(table, "r", filter).cells);
  EXPECT_EQ(page->rows[0].cells.size(), 4U);
}

TEST_P(TableStoreContract, AScanOfLargeRowsComesInPagesOfAnySize) {
  const auto table = make_table();
  for (int i = 0; i < 12; ++i)
    put(table, "r" + std::to_string(10 + i), "q", 1, std::string(std::size_t{1024} * 1024, 'x'));
  EXPECT_EQ(keys(table, {"", "", {}, 1000}).size(), 12U);
}

TEST_P(TableStoreContract, AScanWhileOthersWriteSeesEachOldRowOnce) {
  const auto table = make_table();
  std::vector<RowPut> puts;
  for (int i = 0; i < 500; ++i) puts.push_back({"old" + std::to_string(1000 + i), {{"f", "q", 1, "v"}}});
  put(table, puts);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i)
      try_put(table, {{"new" + std::to_string(i), {{"f", "q", 1, "v"}}}, {"old1100", {{"f", "q", i + 2, "v"}}}});
  });
  const auto found = keys(table, {"old", "", {}, 50});
  stop = true;
  writer.join();
  ASSERT_EQ(found.size(), 500U);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(found[static_cast<std::size_t>(i)], "old" + std::to_string(1000 + i));
}

TEST_P(TableStoreContract, TheFirstKeyAfterAPrefix) {
  EXPECT_EQ(after_prefix("a"), "b");
  EXPECT_EQ(after_prefix(std::string("a\0", 2)), std::string("a\1", 2));
  EXPECT_EQ(after_prefix("a\xff\xff"), "b");
  EXPECT_EQ(after_prefix("\xff"), "");
  EXPECT_EQ(after_prefix(""), "");
}

}  // namespace
}  // namespace guidepost::contract
