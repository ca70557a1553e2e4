#include "base/text.hpp"

#include <gtest/gtest.h>

namespace guidepost::text {
namespace {

TEST(Text, WidthCountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Zürich"), 6U);
  EXPECT_EQ(display_width("東京"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("\xff\xfe"), 2U);
}

TEST(Text, WhatIsTooWideIsCutAtACharacterAndSaysSo) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 5), "abcd…");
  EXPECT_EQ(fit("東京都", 4), "東…");
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(Text, ForeignBytesCannotDriveATerminal) {
  EXPECT_EQ(escape("plain ü"), "plain ü");
  EXPECT_EQ(escape("\x1b[2J\r\n\t"), "\\x1b[2J\\r\\n\\t");
  EXPECT_EQ(escape("a\\b"), "a\\\\b");
  EXPECT_EQ(escape("\xff"), "\\xff");
  EXPECT_EQ(escape("\xc0\xaf"), "\\xc0\\xaf") << "an overlong form is no character";
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate is no character";
  EXPECT_EQ(escape("\u202eexe"), "\\u{202e}exe");
  EXPECT_EQ(escape("\u009b31m"), "\\u{9b}31m") << "C1 controls drive terminals too";
}

TEST(Text, ABarFillsItsWidthAtTheMostAndIsNeverEmptyForSomething) {
  EXPECT_EQ(bar(10, 10, 3), "███");
  EXPECT_EQ(bar(5, 10, 3), "█▌");
  EXPECT_EQ(bar(0.001, 10, 3), "▏");
  EXPECT_EQ(bar(0, 10, 3), "");
  EXPECT_EQ(bar(5, 0, 3), "");
}

TEST(Text, ASparklineScalesToItsLargestValue) {
  const double values[] = {0, 1, 2, 7};
  EXPECT_EQ(sparkline(values), "▁▂▃█");
  const double none[] = {0, 0};
  EXPECT_EQ(sparkline(none), "▁▁");
}

TEST(Text, NumbersAreGroupedAndUnitsChosen) {
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(-1234567), "-1,234,567");
  EXPECT_EQ(bytes(512), "512 B");
  EXPECT_EQ(bytes(65536), "64 KiB");
  EXPECT_EQ(bytes(1572864), "1.5 MiB");
  using namespace std::chrono_literals;
  EXPECT_EQ(duration(200ms), "200 ms");
  EXPECT_EQ(duration(200s), "3 min 20 s");
  EXPECT_EQ(duration(168h), "7 d");
}

TEST(Text, TimesAreRfc3339) {
  EXPECT_EQ(rfc3339(from_unix_ms(1431857103000)), "2015-05-17T10:05:03Z");
  EXPECT_EQ(rfc3339(from_unix_ms(1431857103007)), "2015-05-17T10:05:03.007Z");
}

TEST(Text, AMistypedWordFindsTheNearestOne) {
  const std::vector<std::string> words{"import", "ingest", "status", "verify"};
  EXPECT_EQ(nearest("imprt", words), "import");
  EXPECT_EQ(nearest("stauts", words), "status");
  EXPECT_EQ(nearest("veri", words), "verify");
  EXPECT_EQ(nearest("zzz", words), std::nullopt);
  EXPECT_EQ(nearest("import" + std::string(1000, 'x'), words), std::nullopt);
}

TEST(Text, ATableAlignsByDisplayWidth) {
  Table table({{"city"}, {"n", Align::kRight}});
  table.add({"東京", "1"});
  table.add({"Zürich", "1,000"});
  EXPECT_EQ(table.render({}), "city        n\n東京        1\nZürich  1,000\n");
}

TEST(Text, ATableGivesWayToANarrowTerminal) {
  Table table({{"url"}, {"n", Align::kRight}});
  table.add({"/a/very/long/path/that/does/not/fit", "12"});
  const auto shown = table.render({.terminal = true, .colour = false, .width = 20});
  EXPECT_EQ(shown, "url                n\n/a/very/long/pa…  12\n");
}

}  // namespace
}  // namespace guidepost::text
