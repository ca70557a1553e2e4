#include "identity/mapping_file.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "identity/mapping.hpp"

namespace guidepost::identity {
namespace {

using namespace std::string_literals;

/// A file as one text a line: `line merchant guid customer valid_from`, or `line! reason`.
std::vector<std::string> read(const std::string& content, std::string default_merchant = "shop") {
  std::istringstream in(content);
  MappingFile file(in, {std::move(default_merchant), 128});
  std::vector<std::string> out;
  for (;;) {
    auto item = file.next();
    if (!item) {
      out.push_back("error: " + item.error().message);
      return out;
    }
    if (!*item) return out;
    if (const auto* bad = std::get_if<BadLine>(&**item)) {
      out.push_back(std::to_string(bad->line) + "! " + bad->reason);
    } else {
      const auto& line = std::get<MappingLine>(**item);
      const auto since = line.valid_from == kSinceEver ? "ever"s : std::to_string(unix_ms(line.valid_from));
      out.push_back(std::to_string(line.line) + " " + std::string(line.merchant) + " " + std::string(line.guid) + " [" +
                    std::string(line.customer) + "] " + since);
    }
  }
}
using Lines = std::vector<std::string>;

TEST(MappingCsv, columns_are_found_by_name_in_any_order) {
  EXPECT_EQ(read("guid,customer\ng1,c1\ng2,c2\n"), (Lines{"2 shop g1 [c1] ever", "3 shop g2 [c2] ever"}));
  EXPECT_EQ(read("valid_from,merchant,customer,guid\n2015-05-17T10:05:03Z,Other,c1,g1"),
            (Lines{"2 other g1 [c1] 1431857103000"}));
}

TEST(MappingCsv, an_empty_customer_is_nobody_and_an_empty_valid_from_since_ever) {
  EXPECT_EQ(read("guid,customer,valid_from\ng1,,\n"), (Lines{"2 shop g1 [] ever"}));
}

TEST(MappingCsv, valid_from_is_a_time_as_in_events) {
  const auto lines =
      read("guid,customer,valid_from\ng,c,2015-05-17T12:05:03.5+02:00\ng,c,1431857103007\ng,c,1431857103\n");
  EXPECT_EQ(lines[0], "2 shop g [c] 1431857103500");
  EXPECT_EQ(lines[1], "3 shop g [c] 1431857103007");
  EXPECT_EQ(lines[2], "4 shop g [c] 1431857103000");
  for (const auto* bad :
       {"yesterday", "-1", "1969-12-31T23:59:59Z", "99999999999999999999", "2100-01-01T00:00:00Z", " "}) {
    EXPECT_TRUE(read("guid,customer,valid_from\ng,c,"s + bad).at(0).starts_with("2!")) << bad;
  }
}

TEST(MappingCsv, quotes_follow_rfc_4180) {
  EXPECT_EQ(read("guid,customer\n\"g,1\",\"a \"\"b\"\"\"\n\"g\n2\",c\ng3,c\n"),
            (Lines{"2 shop g,1 [a \"b\"] ever", "3 shop g\n2 [c] ever", "5 shop g3 [c] ever"}));
  EXPECT_EQ(read("guid,customer\n\"\",c\n"), (Lines{"2! `guid` is missing or empty"}));
  EXPECT_EQ(read("guid,customer\na\"b,c\ng,c\n"),
            (Lines{"2! a quote inside a field that does not begin with one", "3 shop g [c] ever"}));
  EXPECT_EQ(read("guid,customer\n\"a\"b,c\ng,c\n"),
            (Lines{"2! something follows a closed quote", "3 shop g [c] ever"}));
  EXPECT_EQ(read("guid,customer\ng,c\n\"a,c\ng,c\n"), (Lines{"2 shop g [c] ever", "3! a quote is not closed"}));
}

TEST(MappingCsv, line_ends_blank_lines_and_a_byte_order_mark_do_not_matter) {
  EXPECT_EQ(read("\xef\xbb\xbfguid,customer\r\ng1,c1\r\n\r\n  \ng2,c2"),
            (Lines{"2 shop g1 [c1] ever", "5 shop g2 [c2] ever"}));
  EXPECT_EQ(read("\n\nguid,customer\ng1,c1"), (Lines{"4 shop g1 [c1] ever"}));
  EXPECT_EQ(read(""), Lines{});
  EXPECT_EQ(read("\n \n"), Lines{});
  EXPECT_EQ(read("guid,customer\n"), Lines{});
}

TEST(MappingCsv, a_header_that_is_none_is_refused) {
  EXPECT_EQ(
      read("g1,c1\n"),
      (Lines{
          "error: the header of the mapping file: `g1` is no column; known are guid, customer, valid_from, merchant"}));
  EXPECT_EQ(read("guid,valid_from\n").at(0).substr(0, 66),
            "error: the header of the mapping file: the column `customer` is mi");
  EXPECT_EQ(read("guid,customer,guid\n"), (Lines{"error: the header of the mapping file: `guid` is there twice"}));
  EXPECT_EQ(read("guid,customer,valid_form\n").size(), 1u);
}

TEST(MappingCsv, each_bad_line_is_named_and_costs_itself_only) {
  EXPECT_EQ(
      read("guid,customer,merchant\n,c,\ng,c\ng,c,Bad Shop\ng\xff,c,\ng,c,\n"),
      (Lines{"2! `guid` is missing or empty", "3! 2 fields under 3 columns",
             "4! `merchant` is not 1-40 characters of a-z, 0-9, `.`, `_`, `-`", "5! not UTF-8", "6 shop g [c] ever"}));
  EXPECT_EQ(read("guid,customer\ng,c\n", ""), (Lines{"2! no merchant: neither in the line nor by --merchant"}));
}

TEST(MappingCsv, limits_hold) {
  const std::string fits(128, 'x'), long_id(129, 'x'), huge(200'000, 'x');
  EXPECT_EQ(read("guid,customer\n" + fits + "," + fits), (Lines{"2 shop " + fits + " [" + fits + "] ever"}));
  EXPECT_EQ(read("guid,customer\n" + long_id + ",c\ng," + long_id),
            (Lines{"2! `guid` is longer than 128 bytes", "3! `customer` is longer than 128 bytes"}));
  EXPECT_EQ(read("guid,customer\n" + huge + ",c\ng,c"), (Lines{"2! longer than 64 KiB", "3 shop g [c] ever"}));
  // A quote that is never closed takes lines up to the limit with it, not the rest of the file.
  const auto lines = read("guid,customer\n\"" + huge + "\ng,c\n");
  EXPECT_EQ(lines, (Lines{"2! longer than 64 KiB", "3 shop g [c] ever"}));
  EXPECT_EQ(read("guid,customer\ng,c\n", std::string(41, 'm')).at(0).substr(0, 13), "2! `merchant`");
}

TEST(MappingNdjson, objects_are_read) {
  EXPECT_EQ(
      read("{\"guid\":\"g1\",\"customer\":\"c\\u00e41\",\"valid_from\":1431857103007,\"merchant\":\"M\"}\n"
           " { \"customer\" : null , \"guid\" : \"g2\" } \r\n\n"
           "{\"guid\":\"g3\",\"customer\":\"\",\"valid_from\":null}\n"
           "{\"guid\":\"g4\",\"customer\":\"c\",\"valid_from\":\"2015-05-17T10:05:03Z\"}"),
      (Lines{"1 m g1 [cä1] 1431857103007", "2 shop g2 [] ever", "4 shop g3 [] ever", "5 shop g4 [c] 1431857103000"}));
}

TEST(MappingNdjson, what_is_no_such_object_is_bad) {
  const auto reason = [](const std::string& line) {
    const auto lines = read("{\"guid\":\"g\",\"customer\":\"c\"}\n" + line + "\n{\"guid\":\"g\",\"customer\":\"c\"}\n");
    EXPECT_EQ(lines.size(), 3u) << line;
    EXPECT_EQ(lines.at(2), "3 shop g [c] ever") << line;
    return lines.at(1);
  };
  EXPECT_EQ(reason("[]"), "2! not a JSON object");
  EXPECT_EQ(reason("{"), "2! not a JSON object");
  EXPECT_EQ(reason("guid,customer"), "2! not a JSON object");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"customer\":\"c\"} x"), "2! not a JSON object");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"customer\":\"c\"}{}"), "2! something follows the JSON object");
  EXPECT_EQ(reason("{\"guid\":\"g\"}"), "2! `customer` is missing (null: nobody's from then on)");
  EXPECT_EQ(reason("{\"customer\":\"c\"}"), "2! `guid` is missing or empty");
  EXPECT_EQ(reason("{\"guid\":1,\"customer\":\"c\"}"), "2! `guid` must be a string");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"customer\":7}"), "2! `customer` must be a string");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"guid\":\"h\",\"customer\":\"c\"}"), "2! `guid` is there twice");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"customer\":\"c\",\"valid_form\":1}"),
            "2! `valid_form` is no field; known are guid, customer, valid_from, merchant");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"customer\":\"c\",\"valid_from\":1.5e99}").substr(0, 16), "2! `valid_from` ");
  EXPECT_EQ(reason("{\"guid\":\"g\",\"customer\":\"c\",\"valid_from\":true}"), "2! `valid_from` must be a string");
  EXPECT_EQ(reason("{\"guid\":\"\\ud800\",\"customer\":\"c\"}").substr(0, 3), "2! ");
}

TEST(MappingFile, a_stream_that_breaks_is_an_error) {
  struct Broken : std::streambuf {
    int_type underflow() override { throw std::ios_base::failure("disk"); }
  } buffer;
  std::istream in(&buffer);
  MappingFile file(in, {});
  EXPECT_FALSE(file.next());
}

}  // namespace
}  // namespace guidepost::identity
