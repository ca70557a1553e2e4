#include "event/access_log.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace guidepost::event {
namespace {

constexpr std::string_view kCommon = R"(192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a/b?c=1 HTTP/1.1" 200 1234)";
constexpr std::string_view kCombined =
    R"(192.0.2.1 - frank smith [17/May/2015:12:05:03 +0200] "GET /a HTTP/1.0" 304 - "http://x.example/" "Mozilla \"5\" \x41")";

TEST(AccessLog, ReadsTheCommonFormat) {
  const auto line = parse_access_log(kCommon);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->address, "192.0.2.1");
  EXPECT_EQ(line->user, "-");
  EXPECT_EQ(unix_ms(line->time), 1431857103000);
  EXPECT_EQ(line->request, "GET /a/b?c=1 HTTP/1.1");
  EXPECT_EQ(line->status, "200");
  EXPECT_EQ(line->bytes, "1234");
  EXPECT_EQ(line->referrer, "");
  EXPECT_EQ(line->user_agent, "");
}

TEST(AccessLog, ReadsTheCombinedFormat) {
  const auto line = parse_access_log(kCombined);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->user, "frank smith");
  EXPECT_EQ(unix_ms(line->time), 1431857103000);
  EXPECT_EQ(line->bytes, "-");
  EXPECT_EQ(line->referrer, "http://x.example/");
  EXPECT_EQ(line->user_agent, R"(Mozilla \"5\" \x41)");
}

TEST(AccessLog, ReadsZonesOnBothSidesOfUtc) {
  const auto at = [](std::string_view zone) {
    return unix_ms(parse_access_log(fmt::format(R"(h - - [01/Jan/2016:00:00:00 {}] "-" 408 0)", zone))->time);
  };
  EXPECT_EQ(at("+0000"), 1451606400000);
  EXPECT_EQ(at("-0330"), 1451606400000 + 210 * 60 * 1000);
  EXPECT_EQ(at("+1400"), 1451606400000 - 14 * 3600 * 1000);
}

TEST(AccessLog, TakesAnyRequestThatAClientMaySend) {
  for (const std::string_view request :
       {"-", "", R"(\x16\x03\x01)", "GET", R"(GET /a\"b HTTP/1.1)", "GET /a b c HTTP/1.1"}) {
    const auto text = fmt::format(R"(h - - [17/May/2015:10:05:03 +0000] "{}" 400 0)", request);
    const auto line = parse_access_log(text);
    ASSERT_TRUE(line.has_value()) << request;
    EXPECT_EQ(line->request, request);
  }
}

TEST(AccessLog, TakesACarriageReturnAtTheEnd) {
  EXPECT_TRUE(parse_access_log(std::string(kCombined) + "\r").has_value());
}

TEST(AccessLog, RefusesWhatIsCutAnywhere) {
  for (std::size_t size = 0; size < kCombined.size(); ++size) {
    const auto cut = kCombined.substr(0, size);
    EXPECT_EQ(parse_access_log(cut).has_value(), cut.ends_with("304 -")) << cut;  // that is a common one
  }
}

TEST(AccessLog, RefusesWhatIsNoLine) {
  using std::string_literals::operator""s;
  for (const auto& line :
       {""s, "-"s, std::string(kCommon) + " ", std::string(kCommon) + R"( "r")", std::string(kCombined) + R"( "more")",
        " "s + std::string(kCommon), R"(h - - [17/Mai/2015:10:05:03 +0000] "-" 400 0)"s,
        R"(h - - [31/Feb/2015:10:05:03 +0000] "-" 400 0)"s, R"(h - - [17/May/1999:10:05:03 +0000] "-" 400 0)"s,
        R"(h - - [17/May/2015:24:05:03 +0000] "-" 400 0)"s, R"(h - - [17/May/2015:10:05:03] "-" 400 0)"s,
        R"(h - - [17/May/2015:10:05:03 +0000] "-" 40 0)"s, R"(h - - [17/May/2015:10:05:03 +0000] "-" 4000 0)"s,
        R"(h - - [17/May/2015:10:05:03 +0000] "-" 400 1x)"s, R"(h - - [17/May/2015:10:05:03 +0000] "-" 400)"s,
        R"(h - [17/May/2015:10:05:03 +0000] "-" 400 0)"s, "\xff"s + std::string(kCommon), "\0"s + std::string(kCommon),
        "h\x1b[0m"s + std::string(kCommon)}) {
    EXPECT_FALSE(parse_access_log(line).has_value()) << line;
  }
}

TEST(AccessLog, SplitsRequests) {
  const auto usual = split_request("GET /a?b HTTP/1.1");
  EXPECT_EQ(usual.method, "GET");
  EXPECT_EQ(usual.target, "/a?b");
  EXPECT_EQ(split_request("GET /a b HTTP/1.1").target, "/a b");
  EXPECT_EQ(split_request("GET /a").target, "/a");
  EXPECT_EQ(split_request("-").method, "");
}

TEST(AccessLog, TellsPageViewsFromOtherRequests) {
  const auto is_view = [](std::string_view target, std::string_view method = "GET", std::string_view status = "200") {
    return is_page_view({method, target}, status);
  };
  for (const std::string_view target :
       {"/", "", "/a", "/a/", "/a.b/c", "/index.html", "/x.htm", "/x.xhtml", "/x.php?a=b.png", "/x.asp", "/x.aspx",
        "/x.jsp", "/a?flav=html", "/a?rss", "/a#feed", "/feeder", "/a?x=y#?f=rss", "/a."}) {
    EXPECT_TRUE(is_view(target)) << target;
  }
  for (const std::string_view target : {"/a.png", "/a.HTML", "/favicon.ico", "/?flav=rss20", "/?a=b&flav=atom", "/feed",
                                        "/feed/", "/blog/feeds/x", "/rss/a", "/atom", "/a/rss?b"}) {
    EXPECT_FALSE(is_view(target)) << target;
  }
  EXPECT_TRUE(is_view("/", "GET", "304"));
  EXPECT_FALSE(is_view("/", "HEAD"));
  EXPECT_FALSE(is_view("/", "GET", "206"));
}

}  // namespace
}  // namespace guidepost::event
