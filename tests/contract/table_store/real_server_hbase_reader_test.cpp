// What others see of our tables: a Python client made from HBase's own definition reads event rows.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "contract/table_store/real_server_hbase.hpp"
#include "guidepost/event/event_row.hpp"
#include "support/sample_decisions.hpp"

namespace guidepost::contract {
namespace {

std::string output_of(const std::string& command) {
  std::string out;
  auto* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char piece[4096];
  for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) out.append(piece, n);
  ::pclose(pipe);
  return out;
}

TEST(HBaseReader, a_client_of_hbases_own_making_prints_an_event_row_in_four_families_of_readable_words) {
  auto options = real_hbase();
  ASSERT_TRUE(options.has_value()) << options.error().message;
  hbase::HBaseTableStore store(*options);
  const auto table = "reader_" + std::to_string(std::random_device{}());
  TableSpec spec{table, {}, {}};
  for (const auto family : event::kEventFamilies) spec.families.push_back({std::string(family), 1, Compression::kZstd});
  ASSERT_TRUE(await<void>([&](auto done) { store.create_table(spec, std::move(done)); }).has_value());

  const auto decisions = test::sample_decisions();
  const auto families_of = [](const RowPut& row) {
    std::set<std::string> families;
    for (const auto& cell : row.cells) families.insert(cell.family);
    return families.size();
  };
  RowPut row;
  for (const auto& accepted : decisions.accepted) {
    auto candidate = event::event_row(decisions.source, accepted);
    if (families_of(candidate) > families_of(row)) row = std::move(candidate);
  }
  ASSERT_EQ(families_of(row), 4U) << "the sample has no event of all families";
  ASSERT_TRUE(await<void>([&](auto done) { store.put(table, {row}, std::move(done)); }).has_value());

  const char* python = std::getenv("GUIDEPOST_TEST_PYTHON");
  const auto printed = output_of(std::string(python == nullptr ? "python3" : python) + " " + GUIDEPOST_TESTS +
                                 "/readers/hbase_row.py " + table);
  EXPECT_NE(printed.find("source=7"), std::string::npos) << printed;
  for (const auto& cell : row.cells) {
    EXPECT_NE(printed.find("\n  " + cell.family + "\n"), std::string::npos) << cell.family << " is not in\n" << printed;
    EXPECT_NE(printed.find("\n    " + cell.qualifier + " "), std::string::npos) << cell.qualifier << " is not in\n"
                                                                                << printed;
  }
  for (const auto family : event::kEventFamilies) EXPECT_NE(printed.find(family), std::string::npos) << family;
  await<void>([&](auto done) { store.drop_table(table, std::move(done)); });
}

}  // namespace
}  // namespace guidepost::contract
