#include "guidepost/event/ledger.hpp"

#include <gtest/gtest.h>

namespace guidepost::event {
namespace {

using namespace std::string_view_literals;

constexpr auto kGolden = "\x02\xac\x02\x02\x00\x80\x01\x07\x07\x2c\x4e\xf6"sv;

TEST(Ledger, a_value_has_the_bytes_of_its_document) {
  EXPECT_EQ(encode_ledger({300, 2, 0, 128, 7}), kGolden);
  EXPECT_EQ(decode_ledger(kGolden), (LedgerCounts{300, 2, 0, 128, 7}));
}

TEST(Ledger, the_largest_counts_are_kept) {
  const LedgerCounts most{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  EXPECT_EQ(decode_ledger(encode_ledger(most)), most);
}

TEST(Ledger, every_cut_and_every_flipped_bit_is_seen) {
  for (std::size_t n = 0; n < kGolden.size(); ++n) EXPECT_FALSE(decode_ledger(kGolden.substr(0, n))) << n;
  for (std::size_t bit = 0; bit < kGolden.size() * 8; ++bit) {
    std::string value(kGolden);
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_ledger(value)) << bit;
  }
}

TEST(Ledger, a_row_is_source_and_day) {
  const LedgerKey key{SourceId{258}, std::chrono::sys_days{std::chrono::days{16550}}};
  EXPECT_EQ(ledger_row(key), "\x00\x00\x01\x02\x00\x00\x40\xa6"sv);
  EXPECT_EQ(parse_ledger_row(ledger_row(key)), key);
  const LedgerKey before{SourceId{1}, std::chrono::sys_days{std::chrono::days{-1}}};
  EXPECT_EQ(parse_ledger_row(ledger_row(before)), before);
  EXPECT_FALSE(parse_ledger_row("1234567"));
}

}  // namespace
}  // namespace guidepost::event
