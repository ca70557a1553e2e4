#include "guidepost/event/bad_row.hpp"

#include <gtest/gtest.h>

namespace guidepost::event {
namespace {

using namespace std::string_view_literals;

Bad a_refusal() {
  Bad bad;
  bad.offset = Offset{258};
  bad.record_time = from_unix_ms(1'430'000'000'123);
  bad.merchant = "shop";
  bad.reason = Reason::kTooLate;
  bad.field = "time";
  bad.bytes = "\xff\0{"sv;
  bad.full_size = 70'000;
  bad.full_hash = 0xfedcba9876543210;
  return bad;
}

Row as_row(const RowPut& put) {
  Row row{put.row, {}};
  for (const auto& c : put.cells) row.cells.push_back({c.family, c.qualifier, c.timestamp, c.value});
  return row;
}

TEST(BadRow, a_key_is_merchant_received_source_offset) {
  EXPECT_EQ(bad_row_key(SourceId{7}, a_refusal()),
            "shop\0\x00\x00\x01\x4c\xf2\xa4\x5c\x7b\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x01\x02"sv);
  EXPECT_LE(bad_row_start("shop", a_refusal().record_time), bad_row_key(SourceId{7}, a_refusal()));
}

TEST(BadRow, what_was_written_is_read) {
  const Bad bad = a_refusal();
  const Row row = as_row(bad_row(SourceId{7}, bad));
  const auto stored = parse_bad_row(row);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->source, SourceId{7});
  EXPECT_EQ(stored->bad.offset, bad.offset);
  EXPECT_EQ(stored->bad.record_time, bad.record_time);
  EXPECT_EQ(stored->bad.merchant, bad.merchant);
  EXPECT_EQ(stored->bad.reason, bad.reason);
  EXPECT_EQ(stored->bad.field, bad.field);
  EXPECT_EQ(stored->bad.bytes, bad.bytes);
  EXPECT_EQ(stored->bad.full_size, bad.full_size);
  EXPECT_EQ(stored->bad.full_hash, bad.full_hash);
}

TEST(BadRow, a_record_time_before_1970_gives_no_negative_timestamp) {
  auto bad = a_refusal();
  bad.record_time = from_unix_ms(-1);
  const auto put = bad_row(SourceId{7}, bad);
  for (const auto& cell : put.cells) EXPECT_EQ(cell.timestamp, 0);
  EXPECT_TRUE(parse_bad_row_key(put.row));
}

TEST(BadRow, what_is_not_a_row_of_ours_is_corrupt) {
  const auto good = as_row(bad_row(SourceId{7}, a_refusal()));
  for (std::size_t n = 0; n < good.key.size(); ++n) {
    EXPECT_FALSE(parse_bad_row_key(std::string_view(good.key).substr(0, n))) << n;
  }
  for (std::size_t i = 0; i < good.cells.size(); ++i) {
    if (good.cells[i].qualifier == "field") continue;
    auto row = good;
    row.cells.erase(row.cells.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(parse_bad_row(row)) << good.cells[i].qualifier;
    if (good.cells[i].qualifier == "bytes") continue;
    row = good;
    row.cells[i].value = "no such value";
    EXPECT_FALSE(parse_bad_row(row)) << good.cells[i].qualifier;
  }
}

}  // namespace
}  // namespace guidepost::event
