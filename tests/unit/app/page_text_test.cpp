#include "app/page_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace guidepost::app {
namespace {

using rollup::Counter;
using ::testing::HasSubstr;
using ::testing::Not;

rollup::StoredEntry entry(rollup::Dimension dimension, std::string value, std::int64_t events) {
  rollup::StoredEntry entry;
  entry.dimension = dimension;
  entry.value = std::move(value);
  entry.counters[static_cast<std::size_t>(Counter::kEvents)] = events;
  return entry;
}

rollup::StoredChunk sold() {
  auto total = entry(rollup::Dimension::kTotal, "", 40);
  total.counters[static_cast<std::size_t>(Counter::kSessions)] = 7;
  total.counters[static_cast<std::size_t>(Counter::kBounces)] = 3;
  total.counters[static_cast<std::size_t>(Counter::kDwells)] = 5;
  total.counters[static_cast<std::size_t>(Counter::kDwellMs)] = 61'500;
  total.distinct[0].hashes = {1, 2};
  total.money = {{{'E', 'U', 'R'}, 1250, -300, 1}, {{'J', 'P', 'Y'}, 900, 0, 2}};
  rollup::StoredChunk chunk;
  chunk.entries = {total, entry(rollup::Dimension::kType, "click", 10),
                   entry(rollup::Dimension::kType, "page_view", 30)};
  return chunk;
}

TEST(PageText, TheTableHasMoneyByCurrencyAndSessions) {
  const auto shown = page_table(sold(), 10).table.render({});
  EXPECT_THAT(shown, HasSubstr("sessions"));
  EXPECT_THAT(shown,
              HasSubstr("7        3       5   61,500 ms  12.50 EUR (1 order, -3.00 refunds) + 900 JPY (2 orders)"));
}

TEST(PageText, TheTableHasTheValuesWithTheMostEvents) {
  const auto shown = page_table(sold(), 1);
  EXPECT_EQ(shown.left_out, 1U);
  EXPECT_THAT(shown.table.render({}), HasSubstr("page_view"));
  EXPECT_THAT(shown.table.render({}), Not(HasSubstr("click ")));
}

TEST(PageText, JsonNamesWhatAPageHolds) {
  const auto entries = page_entries_json(sold());
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0]["sessions"], 7);
  EXPECT_EQ(entries[0]["bounces"], 3);
  EXPECT_EQ(entries[0]["dwells"], 5);
  EXPECT_EQ(entries[0]["dwell_ms"], 61'500);
  EXPECT_EQ(entries[0]["devices"], 2);
  EXPECT_EQ(entries[0]["money"],
            nlohmann::json::parse(
                R"({"EUR":{"revenue":1250,"refunds":-300,"orders":1},"JPY":{"revenue":900,"refunds":0,"orders":2}})"));
  EXPECT_EQ(entries[1]["money"], nlohmann::json::object());
}

}  // namespace
}  // namespace guidepost::app
