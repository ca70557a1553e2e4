#include <atomic>
#include <thread>

#include "contract/table_store/suite.hpp"

namespace guidepost::contract {
namespace {

TEST_P(TableStoreContract, APutOfNoRowsIsDone) { EXPECT_TRUE(try_put(make_table(), {})); }

TEST_P(TableStoreContract, FiveThousandRowsGoInOneCall) {
  const auto table = make_table();
  std::vector<RowPut> rows;
  for (int i = 0; i < 5000; ++i) {
    rows.push_back(
        {"row" + std::to_string(i), {{"f", "a", 1, std::string(200, 'x')}, {"g", "b", 1, std::to_string(i)}}});
  }
  put(table, std::move(rows));
  EXPECT_EQ(keys(table, {"", "", {}, 1000}).size(), 5000U);
  EXPECT_EQ(get(table, "row4999", {"g", {}, {}, 1}).cells.at(0).value, "4999");
}

TEST_P(TableStoreContract, ManyLargeRowsGoInOneCall) {
  const auto table = make_table();
  std::vector<RowPut> rows;
  for (int i = 0; i < 40; ++i) rows.push_back({"row" + std::to_string(i), {{"f", "q", 1, std::string(600'000, 'x')}}});
  put(table, std::move(rows));
  EXPECT_EQ(value(table, "row39", "q")->size(), 600'000U);
  EXPECT_EQ(value(table, "row0", "q")->size(), 600'000U);
}

TEST_P(TableStoreContract, ARowThatIsTooLargeForOnePutGoesInPiecesInOneCall) {
  const auto table = make_table();
  std::vector<RowPut> pieces;
  for (const char piece : {'a', 'b', 'c'})
    pieces.push_back({"row", {{"f", std::string(1, piece), 1, std::string(6'000'000, piece)}}});
  put(table, std::move(pieces));
  for (const char piece : {'a', 'b', 'c'})
    EXPECT_TRUE(value(table, "row", std::string(1, piece)) == std::string(6'000'000, piece)) << piece;
}

TEST_P(TableStoreContract, AnAnsweredPutSurvivesARestart) {
  const auto table = make_table();
  put(table, "r", "q", 1, "kept");
  adapter().restart();
  EXPECT_EQ(value(table, "r", "q"), "kept");
  EXPECT_EQ(list(table), std::vector<std::string>{table});
}

TEST_P(TableStoreContract, AnAnsweredPutIsSeenByTheNextRead) {
  const auto table = make_table();
  for (int i = 1; i <= 200; ++i) {
    put(table, "r", "q", i, std::to_string(i));
    ASSERT_EQ(value(table, "r", "q"), std::to_string(i));
  }
}

TEST_P(TableStoreContract, ARowOfSeveralFamiliesIsNeverSeenInPart) {
  const auto table = make_table();
  std::atomic<bool> stop{false};
  const auto write = [&](int i) {
    return try_put(
        table,
        {{"r",
          {{"f", "a", i, std::to_string(i)}, {"f", "b", i, std::to_string(i)}, {"g", "c", i, std::to_string(i)}}}});
  };
  ASSERT_TRUE(write(1));
  std::thread writer([&] {
    for (int i = 2; !stop; ++i) write(i);
  });
  for (int i = 0; i < 300; ++i) {
    const Row row = get(table, "r");
    EXPECT_EQ(row.cells.size(), 3U);
    for (const auto& cell : row.cells) EXPECT_EQ(cell.value, row.cells.front().value);
  }
  stop = true;
  writer.join();
}

TEST_P(TableStoreContract, PutsFromEightThreadsAllArrive) {
  const auto table = make_table();
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        std::vector<RowPut> rows;
        for (int r = 0; r < 10; ++r)
          rows.push_back({"t" + std::to_string(t) + "-" + std::to_string(i * 10 + r), {{"f", "q", 1, "v"}}});
        rows.push_back({"shared", {{"f", "q", i * 8 + t, std::to_string(i * 8 + t)}}});
        if (!try_put(table, std::move(rows))) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(keys(table, {"t", "u", {}, 500}).size(), 2000U);
  EXPECT_EQ(value(table, "shared", "q"), "199");
}

TEST_P(TableStoreContract, WhatBreaksTheLimitsIsRefusedBeforeAnythingIsWritten) {
  const auto table = make_table();
  const std::vector<RowPut> wrong{
      {"", {{"f", "q", 1, "v"}}},
      {std::string(32001, 'k'), {{"f", "q", 1, "v"}}},
      {"r", {}},
      {"r", {{"f", "q", -1, "v"}}},
      {"r", {{"f", "q", INT64_MAX, "v"}}},
      {"r", {{"", "q", 1, "v"}}},
      {"r", {{"f", std::string(32768, 'q'), 1, "v"}}},
      {"r", {{"f", "q", 1, std::string(std::size_t{8} * 1024 * 1024 + 1, 'v')}}},
      {"r",
       {{"f", "a", 1, std::string(std::size_t{8} * 1024 * 1024, 'v')},
        {"f", "b", 1, std::string(std::size_t{8} * 1024 * 1024, 'v')}}},
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto refused = try_put(table, {{"neighbour", {{"f", "q", 1, "v"}}}, wrong[i]});
    ASSERT_FALSE(refused) << i;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << i;
  }
  EXPECT_TRUE(get(table, "neighbour").empty());
}

TEST_P(TableStoreContract, ReadsThatBreakTheLimitsAreRefused) {
  const auto table = make_table();
  const std::vector<RowGet> wrong{{"", {}},
                                  {std::string(32001, 'k'), {}},
                                  {"r", {"", {"q"}, {}, 1}},
                                  {"r", {"f", {}, {5, 5}, 1}},
                                  {"r", {"f", {}, {-1, 5}, 1}},
                                  {"r", {"f", {}, {}, 0}}};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto rows = try_get(table, {wrong[i]});
    ASSERT_FALSE(rows) << i;
    EXPECT_EQ(rows.error().code, ErrorCode::kInvalidArgument) << i;
  }
  for (const auto& request : {ScanRequest{"", "", {}, 0}, ScanRequest{"", "", {"f", {}, {3, 2}, 1}, 10},
                              ScanRequest{"", "", {"f", {}, {}, -1}, 10}}) {
    const auto page = try_scan(table, request);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_P(TableStoreContract, AnUnknownTableIsNotFound) {
  const auto table = fresh("missing");
  EXPECT_EQ(try_put(table, {{"r", {{"f", "q", 1, "v"}}}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(try_get(table, {{"r", {}}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(try_scan(table, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(check_and_put(table, change("r", std::nullopt, 1, "v")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(drop(table).error().code, ErrorCode::kNotFound);
}

TEST_P(TableStoreContract, AnUnknownFamilyIsRefused) {
  const auto table = make_table();
  put(table, "r", "q", 1, "v");
  EXPECT_EQ(try_put(table, {{"r", {{"x", "q", 1, "v"}}}}).error().code, ErrorCode::kRefused);
  EXPECT_EQ(try_put(table, {{"s", {{"f", "q", 1, "v"}, {"x", "q", 1, "v"}}}}).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(get(table, "s").empty()) << "a row was written in part";
  EXPECT_EQ(try_get(table, {{"r", {"x", {}, {}, 1}}}).error().code, ErrorCode::kRefused);
  EXPECT_EQ(try_scan(table, {"", "", {"x", {}, {}, 1}, 10}).error().code, ErrorCode::kRefused);
  EXPECT_EQ(check_and_put(table, {"r", "x", "q", std::nullopt, {"r", {{"f", "q", 1, "v"}}}}).error().code,
            ErrorCode::kRefused);
  EXPECT_EQ(check_and_put(table, {"r", "f", "q", "v", {"r", {{"x", "q", 1, "v"}}}}).error().code, ErrorCode::kRefused);
}

TEST_P(TableStoreContract, ACheckForAnAbsentCellPutsItOnce) {
  const auto table = make_table();
  EXPECT_TRUE(applied(table, change("r", std::nullopt, 1, "first")));
  EXPECT_FALSE(applied(table, change("r", std::nullopt, 2, "second")));
  EXPECT_EQ(value(table, "r", "q"), "first");
}

TEST_P(TableStoreContract, ACheckComparesTheNewestValue) {
  const auto table = make_table(FamilySpec::kAllVersions);
  put(table, "r", "q", 5, "old");
  put(table, "r", "q", 8, "new");
  EXPECT_FALSE(applied(table, change("r", "old", 9, "x")));
  EXPECT_FALSE(applied(table, change("r", "ne", 9, "x")));
  EXPECT_FALSE(applied(table, change("r", "newer", 9, "x")));
  EXPECT_TRUE(applied(table, change("r", "new", 9, "newest")));
  EXPECT_EQ(value(table, "r", "q"), "newest");
}

TEST_P(TableStoreContract, AnAbsentCellDiffersFromAnyExpectedValue) {
  const auto table = make_table();
  EXPECT_FALSE(applied(table, change("r", "value", 1, "x")));
  EXPECT_TRUE(get(table, "r").empty());
}

TEST_P(TableStoreContract, AnEmptyValueCountsAsAbsentInACheck) {
  const auto table = make_table();
  put(table, "r", "q", 1, "");
  EXPECT_TRUE(applied(table, change("r", std::nullopt, 2, "v")));
  EXPECT_TRUE(applied(table, change("s", "", 2, "v")));
  EXPECT_FALSE(applied(table, change("s", "", 3, "w")));
}

TEST_P(TableStoreContract, ACheckMayBeOnAnotherCellThanItsPut) {
  const auto table = make_table();
  put(table, "r", "lock", 1, "mine");
  const CheckAndPut request{"r", "f", "lock", "mine", {"r", {{"g", "a", 1, "1"}, {"f", "b", 1, "2"}}}};
  EXPECT_TRUE(applied(table, request));
  EXPECT_EQ(get(table, "r").cells.size(), 3U);
}

TEST_P(TableStoreContract, ACheckHoldsAnyBytes) {
  const auto table = make_table();
  const std::string bytes("\0\xff\0a\x80", 5);
  const CheckAndPut first{bytes, "f", bytes, std::nullopt, {bytes, {{"f", bytes, 1, bytes}}}};
  EXPECT_TRUE(applied(table, first));
  const CheckAndPut second{bytes, "f", bytes, bytes, {bytes, {{"f", bytes, 2, "done"}}}};
  EXPECT_TRUE(applied(table, second));
  EXPECT_EQ(value(table, bytes, bytes), "done");
}

TEST_P(TableStoreContract, OfRacersExactlyOneWins) {
  const auto table = make_table();
  for (int round = 0; round < 10; ++round) {
    const auto row = "r" + std::to_string(round);
    std::atomic<int> won{0};
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        const auto result = check_and_put(table, change(row, std::nullopt, 1, std::to_string(t)));
        if (!result) ++failures;
        if (result && *result) ++won;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(won, 1);
  }
}

TEST_P(TableStoreContract, CheckedIncrementsFromSeveralThreadsAllCount) {
  const auto table = make_table();
  put(table, "r", "q", 0, "0");
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < 10;) {
        const auto now = std::stoi(*value(table, "r", "q"));
        const auto changed = check_and_put(table, change("r", std::to_string(now), now + 1, std::to_string(now + 1)));
        if (changed && *changed) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(value(table, "r", "q"), "30");
}

TEST_P(TableStoreContract, ACheckOfAnotherRowThanItsPutIsRefused) {
  const auto table = make_table();
  const CheckAndPut wrong{"r", "f", "q", std::nullopt, {"s", {{"f", "q", 1, "v"}}}};
  EXPECT_EQ(check_and_put(table, wrong).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace guidepost::contract
