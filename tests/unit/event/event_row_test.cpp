#include "guidepost/event/event_row.hpp"

#include <gtest/gtest.h>

#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

using namespace std::string_view_literals;

Accepted an_event() {
  Accepted event;
  event.offset = Offset{0x0102030405060708};
  event.time = from_unix_ms(1'430'000'000'123);
  event.record_time = from_unix_ms(1'430'000'000'999);
  for (std::size_t i = 0; i < kFieldCount; ++i) event.text.values[i] = spec(static_cast<Field>(i)).name;
  event.text[Field::kMerchant] = "shop";
  event.resolved_by = ResolvedBy::kStitch;
  event.traffic = Traffic::kBot;
  event.flags = kUrlCut | kNoDevice;
  return event;
}

Row as_row(const RowPut& put) {
  Row row{put.row, {}};
  for (const auto& c : put.cells) row.cells.push_back({c.family, c.qualifier, c.timestamp, c.value});
  return row;
}

TEST(EventRow, a_key_is_salt_merchant_time_source_offset) {
  const auto event = an_event();
  const std::string salted = std::string("shop") + '\0' + std::string(event.text[Field::kGuid]);
  std::string expected(1, static_cast<char>(hash64(salted) % 16));
  expected += "shop\0\x00\x00\x01\x4c\xf2\xa4\x5c\x7b\x00\x00\x00\x07\x01\x02\x03\x04\x05\x06\x07\x08"sv;
  EXPECT_EQ(event_row_key(SourceId{7}, event), expected);
}

TEST(EventRow, what_was_written_is_read) {
  const auto event = an_event();
  const Row row = as_row(event_row(SourceId{7}, event));
  const auto stored = parse_event_row(row);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->source, SourceId{7});
  EXPECT_EQ(stored->event.offset, event.offset);
  EXPECT_EQ(stored->event.time, event.time);
  EXPECT_EQ(stored->event.record_time, event.record_time);
  EXPECT_EQ(stored->event.text.values, event.text.values);
  EXPECT_EQ(stored->event.resolved_by, event.resolved_by);
  EXPECT_EQ(stored->event.traffic, event.traffic);
  EXPECT_EQ(stored->event.flags, event.flags);
}

TEST(EventRow, absent_fields_and_usual_values_have_no_cell) {
  Accepted event;
  event.text[Field::kMerchant] = "shop";
  event.text[Field::kType] = "click";
  event.text[Field::kGuid] = "g";
  const auto put = event_row(SourceId{0}, event);
  EXPECT_EQ(put.cells.size(), 3u);  // type, guid, resolved_by
  const Row row = as_row(put);
  const auto stored = parse_event_row(row);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->event.traffic, Traffic::kHuman);
  EXPECT_EQ(stored->event.flags, 0);
}

TEST(EventRow, cells_are_in_the_four_families) {
  for (const auto& cell : event_row(SourceId{1}, an_event()).cells) {
    EXPECT_NE(std::find(kEventFamilies.begin(), kEventFamilies.end(), cell.family), kEventFamilies.end())
        << cell.family;
    EXPECT_EQ(cell.timestamp, 1'430'000'000'999);
  }
}

TEST(EventRow, a_scan_of_a_range_holds_exactly_its_times) {
  auto event = an_event();
  const auto salt = event_salt("shop", event.text[Field::kGuid]);
  const auto key = event_row_key(SourceId{7}, event);
  EXPECT_LE(event_row_start(salt, "shop", event.time), key);
  EXPECT_GT(event_row_start(salt, "shop", event.time + std::chrono::milliseconds{1}), key);
  EXPECT_LT(event_row_start(salt, "shop", from_unix_ms(-5)), key);
}

TEST(EventRow, cells_of_later_versions_are_passed_over) {
  auto row = as_row(event_row(SourceId{1}, an_event()));
  row.cells.push_back({"click_data", "of_the_future", 1, "x"});
  EXPECT_TRUE(parse_event_row(row));
}

TEST(EventRow, what_is_not_a_row_of_ours_is_corrupt) {
  const auto good = as_row(event_row(SourceId{1}, an_event()));
  for (std::size_t n = 0; n < good.key.size(); ++n) {
    EXPECT_FALSE(parse_event_row_key(std::string_view(good.key).substr(0, n))) << n;
  }
  auto salt = good.key;
  salt[0] = 16;
  EXPECT_FALSE(parse_event_row_key(salt));
  auto word = good;
  for (auto& cell : word.cells) {
    if (cell.qualifier == "resolved_by") cell.value = "guess";
  }
  EXPECT_FALSE(parse_event_row(word));
  auto flag = good;
  for (auto& cell : flag.cells) {
    if (cell.qualifier == "flags") cell.value = "url_cut,else";
  }
  EXPECT_FALSE(parse_event_row(flag));
  EXPECT_FALSE(parse_event_row(Row{good.key, {}}));
}

}  // namespace
}  // namespace guidepost::event
