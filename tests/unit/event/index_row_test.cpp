#include "guidepost/event/index_row.hpp"

#include <gtest/gtest.h>

#include <set>

#include "guidepost/event/event_row.hpp"

namespace guidepost::event {
namespace {

using namespace std::string_view_literals;

Accepted an_event(std::string_view guid = "d-7f31", std::string_view customer = "4711") {
  Accepted event;
  event.offset = Offset{258};
  event.time = from_unix_ms(1'430'000'000'123);
  event.record_time = from_unix_ms(1'430'000'000'999);
  event.text[Field::kMerchant] = "shop";
  event.text[Field::kGuid] = guid;
  event.text[Field::kCustomer] = customer;
  return event;
}

// tests/readers/index_test.py has the same bytes.
constexpr auto kGoldenEvent =
    "\x7b\x0c\x01shop\0\0\x06"
    "d-7f31\0\0\0\x01\x4c\xf2\xa4\x5c\x7b\0\0\0\x07\0\0\0\0\0\0\x01\x02"sv;
constexpr auto kGoldenDevice =
    "\xfa\xc9\x02shop\0\0\x04"
    "4711d-7f31"sv;

TEST(IndexRow, an_events_row_names_its_place_and_nothing_else) {
  const auto put = event_index_row(SourceId{7}, an_event());
  EXPECT_EQ(put.row, kGoldenEvent);
  ASSERT_EQ(put.cells.size(), 1u);
  EXPECT_EQ(put.cells[0].family, kIndexFamily);
  EXPECT_EQ(put.cells[0].qualifier + put.cells[0].value, "");
  EXPECT_EQ(put.cells[0].timestamp, 1'430'000'000'999);
  EXPECT_TRUE(check(put));
}

TEST(IndexRow, a_devices_row_names_customer_and_device) {
  const auto put = device_index_row(an_event());
  EXPECT_EQ(put.row, kGoldenDevice);
  ASSERT_EQ(put.cells.size(), 1u);
  EXPECT_EQ(put.cells[0].timestamp, 1'430'000'000'999);
  EXPECT_TRUE(check(put));
}

TEST(IndexRow, what_was_written_is_read_and_leads_to_the_event_row) {
  const auto event = an_event();
  const auto row = event_index_row(SourceId{7}, event).row;
  const auto indexed = parse_event_index_row(row);
  ASSERT_TRUE(indexed) << indexed.error().message;
  EXPECT_EQ(indexed->merchant, "shop");
  EXPECT_EQ(indexed->guid, "d-7f31");
  EXPECT_EQ(indexed->time, event.time);
  EXPECT_EQ(indexed->source, SourceId{7});
  EXPECT_EQ(indexed->offset, Offset{258});
  EXPECT_EQ(event_row_key(*indexed), event_row_key(SourceId{7}, event));

  const auto device_row = device_index_row(event).row;
  const auto device = parse_device_index_row(device_row);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->merchant, "shop");
  EXPECT_EQ(device->customer, "4711");
  EXPECT_EQ(device->guid, "d-7f31");
}

TEST(IndexRow, no_two_things_share_a_row_or_a_prefix_whatever_bytes_ids_have) {
  const std::string_view ids[] = {"a", "a\0"sv, "a\0b"sv, "b", "\0"sv, "\0a"sv, "ab", "\xff\xff", "\x01", "c:a"};
  std::set<std::string> rows;
  std::size_t made = 0;
  for (const auto guid : ids) {
    for (const auto customer : ids) {
      const auto event = an_event(guid, customer);
      const auto row = device_index_row(event).row;
      made += rows.insert(row).second ? 1 : 0;
      const auto device = parse_device_index_row(row);
      ASSERT_TRUE(device);
      EXPECT_EQ(std::pair(device->customer, device->guid), std::pair(customer, guid));
      EXPECT_FALSE(parse_event_index_row(row));
      for (const auto other : ids)
        EXPECT_EQ(row.starts_with(device_index_prefix("shop", other)), other == customer) << made;
    }
    const auto row = event_index_row(SourceId{7}, an_event(guid)).row;
    made += rows.insert(row).second ? 1 : 0;
    const auto event = parse_event_index_row(row);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->guid, guid);
    EXPECT_FALSE(parse_device_index_row(row));
    for (const auto other : ids) EXPECT_EQ(row.starts_with(event_index_prefix("shop", other)), other == guid);
  }
  EXPECT_EQ(made, 110u);
  EXPECT_EQ(rows.size(), made);
}

TEST(IndexRow, a_scan_of_a_range_holds_exactly_its_times) {
  const auto event = an_event();
  const auto row = event_index_row(SourceId{7}, event).row;
  EXPECT_LE(event_index_start("shop", "d-7f31", event.time), row);
  EXPECT_GT(event_index_start("shop", "d-7f31", event.time + std::chrono::milliseconds{1}), row);
  EXPECT_LT(event_index_start("shop", "d-7f31", TimeMs::min()), row);
  EXPECT_GT(after_prefix(event_index_prefix("shop", "d-7f31")), row);
}

TEST(IndexRow, a_record_time_before_1970_gives_no_negative_timestamp) {
  auto event = an_event();
  event.record_time = from_unix_ms(-1);
  EXPECT_EQ(event_index_row(SourceId{7}, event).cells[0].timestamp, 0);
  EXPECT_EQ(device_index_row(event).cells[0].timestamp, 0);
}

TEST(IndexRow, what_is_not_a_row_of_ours_is_corrupt) {
  const auto event = event_index_row(SourceId{7}, an_event()).row;
  for (std::size_t n = 0; n < event.size(); ++n)
    EXPECT_FALSE(parse_event_index_row(std::string_view(event).substr(0, n))) << n;
  const auto device = device_index_row(an_event()).row;
  for (std::size_t n = 0; n + 6 <= device.size(); ++n)
    EXPECT_FALSE(parse_device_index_row(std::string_view(device).substr(0, n))) << n;
  for (std::size_t i = 0; i < 16; ++i) {  // hash, kind, merchant, end mark, length, guid
    auto other = event;
    other[i] = static_cast<char>(other[i] ^ 0x40);
    EXPECT_FALSE(parse_event_index_row(other)) << i;
  }
  auto negative = event;
  negative[17] = '\x80';
  EXPECT_FALSE(parse_event_index_row(negative)) << "time";
  negative = event;
  negative[29] = '\x80';
  EXPECT_FALSE(parse_event_index_row(negative)) << "offset";
}

}  // namespace
}  // namespace guidepost::event
