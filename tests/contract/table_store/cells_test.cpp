#include "contract/table_store/suite.hpp"

namespace guidepost::contract {
namespace {

using Versions = std::vector<std::pair<std::int64_t, std::string>>;

std::string all_bytes() {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  return all;
}

TEST_P(TableStoreContract, TheHighestTimestampIsReadInWhateverOrderPutsArrive) {
  const auto table = make_table();
  for (const std::int64_t timestamp : {5, 9, 2, 7, 0}) put(table, "r", "q", timestamp, "v" + std::to_string(timestamp));
  EXPECT_EQ(versions_of(get(table, "r")), (Versions{{9, "v9"}}));
  put(table, "r", "q", 10, "v10");
  EXPECT_EQ(value(table, "r", "q"), "v10");
}

TEST_P(TableStoreContract, TheHighestTimestampIsReadAlsoAfterARestart) {
  const auto table = make_table();
  put(table, "r", "q", 9, "new");
  adapter().restart();
  put(table, "r", "q", 3, "late");
  EXPECT_EQ(value(table, "r", "q"), "new");
  adapter().restart();
  EXPECT_EQ(value(table, "r", "q"), "new");
}

TEST_P(TableStoreContract, TheSameTimestampAgainReplaces) {
  const auto table = make_table(FamilySpec::kAllVersions);
  put(table, "r", "q", 4, "first");
  put(table, "r", "q", 4, "second");
  EXPECT_EQ(versions_of(get(table, "r", {"", {}, {}, 10})), (Versions{{4, "second"}}));
}

TEST_P(TableStoreContract, OfTheSameCellTwiceInOneCallTheLastWins) {
  const auto table = make_table();
  put(table, {{"r", {{"f", "q", 4, "first"}}}, {"r", {{"f", "q", 4, "second"}}}});
  EXPECT_EQ(value(table, "r", "q"), "second");
  put(table, {{"s", {{"f", "q", 8, "newer"}}}, {"s", {{"f", "q", 4, "older"}}}});
  EXPECT_EQ(value(table, "s", "q"), "newer");
}

TEST_P(TableStoreContract, ARepeatedPutChangesNothing) {
  const auto table = make_table(3);
  for (int i = 0; i < 3; ++i) put(table, {{"r", {{"f", "a", 1, "x"}, {"f", "a", 2, "y"}, {"g", "b", 1, "z"}}}});
  const Row row = get(table, "r", {"", {}, {}, 3});
  EXPECT_EQ(row.cells, (std::vector<Cell>{{"f", "a", 2, "y"}, {"f", "a", 1, "x"}, {"g", "b", 1, "z"}}));
}

TEST_P(TableStoreContract, VersionsAreKeptAndReturnedNewestFirst) {
  const auto table = make_table(FamilySpec::kAllVersions);
  for (const std::int64_t timestamp : {3, 1, 4, 10, 5}) put(table, "r", "q", timestamp, std::to_string(timestamp));
  EXPECT_EQ(versions_of(get(table, "r", {"f", {"q"}, {}, 100})),
            (Versions{{10, "10"}, {5, "5"}, {4, "4"}, {3, "3"}, {1, "1"}}));
  EXPECT_EQ(versions_of(get(table, "r", {"f", {"q"}, {}, 2})), (Versions{{10, "10"}, {5, "5"}}));
}

TEST_P(TableStoreContract, AFamilyShowsNoMoreVersionsThanItKeeps) {
  const auto table = make_table(3);
  for (int timestamp = 1; timestamp <= 9; ++timestamp) put(table, "r", "q", timestamp, std::to_string(timestamp));
  EXPECT_EQ(versions_of(get(table, "r", {"f", {"q"}, {}, 100})), (Versions{{9, "9"}, {8, "8"}, {7, "7"}}));
}

TEST_P(TableStoreContract, ManyVersionsOfOneCellAreAllKept) {
  const auto table = make_table(FamilySpec::kAllVersions);
  std::vector<RowPut> rows;
  for (int timestamp = 0; timestamp < 2000; ++timestamp)
    rows.push_back({"r", {{"f", "q", timestamp, std::to_string(timestamp)}}});
  put(table, std::move(rows));
  EXPECT_EQ(get(table, "r", {"f", {"q"}, {}, 5000}).cells.size(), 2000U);
  EXPECT_EQ(versions_of(get(table, "r", {"f", {"q"}, {100, 200}, 1})), (Versions{{199, "199"}}));
}

TEST_P(TableStoreContract, ATimeRangeIsHalfOpen) {
  const auto table = make_table(FamilySpec::kAllVersions);
  for (int timestamp = 1; timestamp <= 9; ++timestamp) put(table, "r", "q", timestamp, std::to_string(timestamp));
  EXPECT_EQ(versions_of(get(table, "r", {"", {}, {3, 6}, 100})), (Versions{{5, "5"}, {4, "4"}, {3, "3"}}));
  EXPECT_EQ(versions_of(get(table, "r", {"", {}, {0, 8}, 1})), (Versions{{7, "7"}}));  // as of 7
  EXPECT_TRUE(get(table, "r", {"", {}, {10, 20}, 1}).empty());
  EXPECT_EQ(versions_of(get(table, "r", {"", {}, {9, INT64_MAX}, 1})), (Versions{{9, "9"}}));
}

TEST_P(TableStoreContract, RangesMayDifferFromRowToRowOfOneCall) {
  const auto table = make_table(FamilySpec::kAllVersions);
  for (int timestamp = 1; timestamp <= 5; ++timestamp) put(table, "r", "q", timestamp, std::to_string(timestamp));
  const auto rows =
      try_get(table, {{"r", {"f", {}, {0, 3}, 1}}, {"r", {"f", {}, {0, 5}, 1}}, {"r", {"f", {}, {0, 1}, 1}}});
  ASSERT_TRUE(rows);
  EXPECT_EQ(versions_of((*rows)[0]), (Versions{{2, "2"}}));
  EXPECT_EQ(versions_of((*rows)[1]), (Versions{{4, "4"}}));
  EXPECT_TRUE((*rows)[2].empty());
}

TEST_P(TableStoreContract, TimestampsFromZeroToNearlyTheLargestHold) {
  const auto table = make_table(FamilySpec::kAllVersions);
  put(table, "r", "q", 0, "least");
  put(table, "r", "q", INT64_MAX - 1, "most");
  EXPECT_EQ(versions_of(get(table, "r", {"", {}, {}, 9})), (Versions{{INT64_MAX - 1, "most"}, {0, "least"}}));
}

TEST_P(TableStoreContract, CellsComeInOrderOfFamilyAndQualifier) {
  const auto table = make_table();
  put(table, {{"r",
               {{"g", "a", 1, "1"},
                {"f", "b", 1, "2"},
                {"f", "", 1, "3"},
                {"f", "a", 1, "4"},
                {"f", std::string("a\0", 2), 1, "5"},
                {"f", "\xff", 1, "6"},
                {"g", "", 1, "7"}}}});
  std::string order;
  for (const auto& cell : get(table, "r").cells) order += cell.value;
  EXPECT_EQ(order, "3452671");
}

TEST_P(TableStoreContract, AnyBytesAreKeptInRowsQualifiersAndValues) {
  const auto table = make_table();
  const auto all = all_bytes();
  put(table, {{all, {{"f", all, 1, all}}}});
  const Row row = get(table, all);
  EXPECT_EQ(row.key, all);
  EXPECT_EQ(row.cells, (std::vector<Cell>{{"f", all, 1, all}}));
}

TEST_P(TableStoreContract, RowsThatDifferOnlyInZeroBytesAreDifferent) {
  const auto table = make_table();
  const std::vector<std::string> rows{std::string("a", 1),     std::string("a\0", 2),     std::string("a\0\0", 3),
                                      std::string("a\0\1", 3), std::string("a\0\xff", 3), std::string("a\1", 2),
                                      std::string("\0", 1),    std::string("\xff\xff", 2)};
  for (std::size_t i = 0; i < rows.size(); ++i) put(table, rows[i], "q", 1, std::to_string(i));
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(value(table, rows[i], "q"), std::to_string(i)) << i;
}

TEST_P(TableStoreContract, QualifiersThatDifferOnlyInZeroBytesAreDifferent) {
  const auto table = make_table();
  const std::vector<std::string> names{
      "", std::string("\0", 1), std::string("\0\0", 2), std::string("\0\1", 2), std::string("\0\xff", 2), "\1", "\xff"};
  RowPut row{"r", {}};
  for (std::size_t i = 0; i < names.size(); ++i) row.cells.push_back({"f", names[i], 1, std::to_string(i)});
  put(table, {row});
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(value(table, "r", names[i]), std::to_string(i)) << i;
}

TEST_P(TableStoreContract, AnEmptyValueIsAValue) {
  const auto table = make_table();
  put(table, "r", "q", 1, "full");
  put(table, "r", "q", 2, "");
  EXPECT_EQ(value(table, "r", "q"), "");
}

TEST_P(TableStoreContract, AnEmptyQualifierIsAQualifier) {
  const auto table = make_table();
  put(table, "r", "", 1, "empty");
  put(table, "r", "q", 1, "named");
  EXPECT_EQ(get(table, "r", {"f", {""}, {}, 1}).cells, (std::vector<Cell>{{"f", "", 1, "empty"}}));
}

TEST_P(TableStoreContract, ALargeValueIsKept) {
  const auto table = make_table();
  std::string large;
  for (std::uint32_t x = 7; large.size() < 1024 * 1024; x = x * 1664525 + 1013904223)
    large.push_back(static_cast<char>(x >> 24));
  put(table, "r", "q", 1, large);
  EXPECT_TRUE(value(table, "r", "q") == large);
}

TEST_P(TableStoreContract, TheLargestValueIsKept) {
  const auto table = make_table();
  const std::string largest(std::size_t{8} * 1024 * 1024, 'x');
  put(table, "r", "q", 1, largest);
  EXPECT_TRUE(value(table, "r", "q") == largest);
}

TEST_P(TableStoreContract, ALongRowKeyIsKept) {
  const auto table = make_table();
  const std::string longest(32000, 'k');
  put(table, longest, "q", 1, "v");
  EXPECT_EQ(value(table, longest, "q"), "v");
}

TEST_P(TableStoreContract, ARowOfManyCellsIsKept) {
  const auto table = make_table();
  RowPut row{"r", {}};
  for (int i = 0; i < 3000; ++i) row.cells.push_back({i % 2 == 0 ? "f" : "g", std::to_string(i), 1, std::to_string(i)});
  put(table, {row});
  EXPECT_EQ(get(table, "r").cells.size(), 3000U);
  EXPECT_EQ(get(table, "r", {"g", {}, {}, 1}).cells.size(), 1500U);
}

TEST_P(TableStoreContract, FamiliesOfOneRowAreIndependent) {
  const auto table = make_table();
  put(table, {{"r", {{"f", "q", 5, "f5"}, {"g", "q", 1, "g1"}}}});
  put(table, {{"r", {{"f", "q", 3, "f3"}, {"g", "q", 3, "g3"}}}});
  EXPECT_EQ(get(table, "r").cells, (std::vector<Cell>{{"f", "q", 5, "f5"}, {"g", "q", 3, "g3"}}));
}

}  // namespace
}  // namespace guidepost::contract
