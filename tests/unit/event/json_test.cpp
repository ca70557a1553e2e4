// What is JSON and what is not, in the manner of JSONTestSuite (seriot.ch/projects/parsing_json.html).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/decode.hpp"

namespace guidepost::event {
namespace {

using test::DecodeOne;

constexpr std::string_view kGood = R"("type":"click","time":1431864000,"merchant":"shop","guid":"g")";

std::string with_value(std::string_view value) { return fmt::format(R"({{{},"x":{}}})", kGood, value); }

TEST(Json, ValuesThatNobodyAskedForMustBeJsonToo) {
  DecodeOne decode;
  for (const std::string_view value : {"0",
                                       "-0",
                                       "1.5",
                                       "1e5",
                                       "1E+5",
                                       "-1.25e-10",
                                       "12345678901234567890123",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "[]",
                                       "{}",
                                       "[1,2]",
                                       R"({"a":1,"b":[{}]})",
                                       " [ ] ",
                                       "[\n1 ,\t2\r]",
                                       R"("\"\\\/\b\f\n\r\t\u00e4")",
                                       R"("\ud800")",
                                       "\"\u00e4\"",
                                       "\"\x7f\"",
                                       R"({"":0})",
                                       R"({"a":1,"a":2})",
                                       R"(["]","}","\\"])"}) {
    EXPECT_EQ(decode(with_value(value)).kind, RecordKind::kEvent) << value;
  }
  for (const std::string_view value : {"",
                                       "01",
                                       "-",
                                       "+1",
                                       ".5",
                                       "1.",
                                       "1e",
                                       "1e+",
                                       "0x1",
                                       "1_0",
                                       "NaN",
                                       "-NaN",
                                       "Infinity",
                                       "nul",
                                       "nulll",
                                       "TRUE",
                                       "truefalse",
                                       "tru e",
                                       "1 2",
                                       "'a'",
                                       "\"a",
                                       "a\"",
                                       "\"a\"b",
                                       "\"a\"\"b\"",
                                       "\"a\nb\"",
                                       R"("\x")",
                                       R"("\u12")",
                                       R"("\u12G4")",
                                       R"("\)",
                                       "[",
                                       "]",
                                       "[1",
                                       "[1,",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "[1}",
                                       "[1:2]",
                                       "{",
                                       "}",
                                       R"({"a"})",
                                       R"({"a":})",
                                       R"({"a":1,})",
                                       R"({,"a":1})",
                                       R"({"a":1 "b":2})",
                                       R"({"a" 1})",
                                       R"({"a"::1})",
                                       R"({a:1})",
                                       R"({1:1})",
                                       R"({"a":1]})",
                                       R"({[]:1})",
                                       "[\"a\",\n4\n,1,",
                                       "{} {}",
                                       "// x",
                                       "/**/1",
                                       "\x01",
                                       "\v1",
                                       "\xff",
                                       "\"\xc0\xaf\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xf4\x90\x80\x80\"",
                                       "\"\xc3\""}) {
    const auto d = decode(with_value(value));
    ASSERT_EQ(d.kind, RecordKind::kBad) << value;
    EXPECT_EQ(d.bad.reason, Reason::kNotJson) << value;
    EXPECT_EQ(d.bad.merchant, "-") << value;
  }
}

TEST(Json, ARecordIsExactlyOneObject) {
  DecodeOne decode;
  const auto good = fmt::format("{{{}}}", kGood);
  EXPECT_EQ(decode(good).kind, RecordKind::kEvent);
  EXPECT_EQ(decode(" \t\r\n" + good + " \t\r\n").kind, RecordKind::kEvent);
  using std::string_literals::operator""s;
  for (const auto& value : {""s, " "s, "\0"s, "1"s, "null"s, "\"a\""s, "[]"s, "["s + good + "]", good + good,
                            good + "\n" + good, good + ","s, good + "}"s, good + "]"s, good + "x"s, good + "\0"s,
                            "\xef\xbb\xbf"s + good, good.substr(0, good.size() - 1), "\0"s + good, "x" + good}) {
    const auto d = decode(value);
    ASSERT_EQ(d.kind, RecordKind::kBad) << value;
    EXPECT_EQ(d.bad.reason, Reason::kNotJson) << value;
    EXPECT_EQ(d.bad.bytes, value);
  }
}

TEST(Json, CutAnywhereItIsNone) {
  DecodeOne decode;
  const auto good = with_value(R"({"a":[1,"\u00e4",{"b":null}]})");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode(std::string_view(good).substr(0, size)).bad.reason, Reason::kNotJson) << size;
  }
}

TEST(Json, AMillionBracketsAreTooDeepAndNothingWorse) {
  DecodeOne decode;
  constexpr std::size_t kDeep = 1'000'000;
  const auto closed = std::string(kDeep, '[') + std::string(kDeep, ']');
  EXPECT_EQ(decode(with_value(closed)).bad.reason, Reason::kTooLarge);
  EXPECT_EQ(decode(with_value(closed)).bad.merchant, "shop");
  EXPECT_EQ(decode(with_value(std::string(kDeep, '['))).bad.reason, Reason::kNotJson);
  EXPECT_EQ(decode(std::string(kDeep, '[')).bad.reason, Reason::kNotJson);
  std::string objects;
  for (std::size_t i = 0; i < kDeep / 2; ++i) objects += "{\"event\":";
  EXPECT_EQ(decode(objects).bad.reason, Reason::kTooLarge);  // over what is parsed at all
  EXPECT_EQ(decode(objects.substr(0, 900'000)).bad.reason, Reason::kNotJson);
}

TEST(Json, AHundredThousandMembersAreTooLarge) {
  DecodeOne decode;
  std::string members;
  for (int i = 0; i < 100'000; ++i) members += fmt::format("\"k{}\":{},", i, i);
  const auto d = decode(fmt::format("{{{}{}}}", members, kGood));
  EXPECT_EQ(d.bad.reason, Reason::kTooLarge);
  EXPECT_EQ(d.bad.merchant, "shop");
  EXPECT_EQ(d.bad.bytes.size(), 65536U);
}

TEST(Json, AfterTheWorstInputTheNextEventIsReadAsEver) {
  DecodeOne decode;
  for (const auto& worst :
       {std::string(5'000'000, '['), std::string(300'000, '{'), std::string("\xff"), std::string()}) {
    decode(worst);
    EXPECT_EQ(decode(with_value("1")).kind, RecordKind::kEvent);
  }
}

}  // namespace
}  // namespace guidepost::event
