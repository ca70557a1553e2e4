#include "enrich/user_agent.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/ascii.hpp"
#include "base/config.hpp"
#include "enrich/agent_patterns.hpp"
#include "enrich/bot_words.hpp"
#include "enrich/device_class.hpp"
#include "enrich/pattern_list.hpp"
#include "enrich/utf8.hpp"

namespace guidepost::enrich {
namespace {

const UserAgents& agents() {
  static const auto made = UserAgents::open("", default_bot_agents()).value();
  return made;
}

std::string shown(const Agent& agent) {
  return agent.browser + " | " + agent.os + " | " + std::string(agent.device_class) + (agent.bot ? " | bot" : "");
}

std::string shown(std::string_view user_agent) { return shown(agents().recognise(user_agent)); }

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) {
    const int file = mkstemp(path_.data());
    close(file);
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "guidepost-agents-XXXXXX";
};

TEST(UserAgents, KnowBrowserSystemAndKindOfDevice) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
       "Chrome | Windows | desktop"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
       "Edge | Windows | desktop"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
       "Safari | Mac OS X | desktop"},
      {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
       "Chrome | Chrome OS | desktop"},
      {"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox | Linux | desktop"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
       "Mobile Safari | iOS | phone"},
      {"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
       "Mobile Safari | iOS | tablet"},
      {"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
       "Chrome Mobile | Android | phone"},
      {"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
       "Chrome | Android | tablet"},
      {"Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
       "Chrome Mobile | Android | phone"},
      {"Mozilla/5.0 (PlayStation 4 5.05) AppleWebKit/601.2 (KHTML, like Gecko)", "(unknown) | (unknown) | console"},
      {"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36",
       "Chrome | Web0S | tv"},
      {"Mozilla/5.0 (X11; Linux) AppleWebKit/534.34 (KHTML, like Gecko) QtCarBrowser Safari/534.34",
       "QtCarBrowser | Linux | car"},
      {"Mozilla/5.0 (Linux; Tizen 2.3.1; SM-R720) AppleWebKit/537.3 (KHTML, like Gecko) Version/2.3 Mobile Safari/537.3",
       "Safari | Tizen | watch"},
      {"Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko", "IE | Windows | desktop"},
      {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot | (unknown) | bot | bot"},
      {"curl/8.5.0", "curl | (unknown) | bot | bot"},
      {"okhttp/4.12.0", "okhttp | (unknown) | other"},
      {"x", "(unknown) | (unknown) | (unknown)"},
  };
  for (const auto& [user_agent, expected] : cases) EXPECT_EQ(shown(user_agent), expected) << user_agent;
}

TEST(UserAgents, NameABotByTheProductThatItsWordBelongsTo) {
  const BotWords words({"Fetcher", "bot)", "favicon", "curl/"});
  const auto product = [&](std::string_view agent) { return words.product(agent, ascii::lowered(agent)); };
  EXPECT_EQ(product("FEEDFETCHER-Google; (+http://x.example/)"), "FEEDFETCHER-Google");
  EXPECT_EQ(product("Mozilla/5.0 (compatible; Digg Feed Fetcher 1.0)"), "Digg Feed Fetcher 1.0");
  EXPECT_EQ(product("Mozilla/5.0 (X11) Firefox/6.0 Google favicon"), "Google favicon");
  EXPECT_EQ(product("curl/8.5.0"), "curl");
  EXPECT_EQ(product("Mozilla/5.0 (compatible; +http://x.example/bot)"), "");
  EXPECT_EQ(product("Mozilla/5.0 (X11; Linux)"), std::nullopt);
  EXPECT_EQ(BotWords({""}).product("x", "x"), std::nullopt);
}

TEST(UserAgents, TakeABotsWordsInWhateverCase) {
  const auto own = UserAgents::open("", {"MyProbe"}).value();
  EXPECT_TRUE(own.recognise("myprobe 1").bot);
  EXPECT_EQ(own.recognise("myprobe 1").device_class, "bot");
  EXPECT_FALSE(own.recognise("curl/8.5.0").bot);
}

// The built-in file's patterns are all good: none had to be left out.
TEST(UserAgents, CompileEveryPatternOfTheProgram) {
  const auto patterns = read_agent_patterns(built_in_agent_patterns());
  ASSERT_TRUE(patterns.has_value()) << patterns.error().message;
  for (const auto* list : {&patterns->browsers, &patterns->systems, &patterns->devices}) {
    EXPECT_GE(list->size(), 190U);
    const auto compiled = PatternList::compile(*list);
    ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
    EXPECT_EQ(compiled->size(), list->size());
    EXPECT_LT(compiled->candidates("no words"), 20U);  // words sort the others out
  }
}

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out.substr(0, bytes);
}

TEST(UserAgents, AnswerHostileTextsWithCleanShortWords) {
  using namespace std::string_literals;
  const std::string cases[] = {
      repeated("(", 8192),
      repeated("\0"s, 8192),
      repeated("\xff\xfe", 8192),
      repeated("a", 8192),
      repeated("Mozilla/5.0 (Linux; Android 4.4; ", 8192),
      repeated("; x Build/bot crawl spider ", 8192),
      repeated("\xf0\x9f\x98\x80", 8192) + "bot/",
      "\xc3(bot/1.0",
      "\xf0\x9f\x98 Bot/1",
      "Evil\x01\x1b[31mBot/1.0",
      repeated("LongName", 300) + "Bot/1.0",
      std::string(8192, ' '),
  };
  for (const auto& user_agent : cases) {
    const auto agent = agents().recognise(user_agent);
    for (const std::string_view word : {std::string_view(agent.browser), std::string_view(agent.os)}) {
      EXPECT_FALSE(word.empty());
      EXPECT_LE(word.size(), kMaxFamily);
      EXPECT_TRUE(is_clean(word)) << word;
    }
  }
}

TEST(UserAgents, LookAtTheBeginningOnly) {
  const auto far = std::string(kMaxAgent, 'x') + " Googlebot/2.1";
  EXPECT_FALSE(agents().recognise(far).bot);
  EXPECT_TRUE(agents().recognise(far.substr(20)).bot);
}

constexpr std::string_view kOwnFile = R"yaml(# a comment
user_agent_parsers:
  - regex: '(Own)Browser/(\d+)'
    family_replacement: '$1 Browser'
    v1_replacement: '$2'
  - regex: "It's \\((x)\\)"   # double quotes
  - regex: 'It''s'
    family_replacement: Plain $9$1 # a comment
  - regex: 'Cut(.)'
os_parsers:
  - regex: '(own)os'
    regex_flag: 'i'
device_parsers:
  - regex: 'Probe'
    device_replacement: 'Spider'
    brand_replacement: 'x'
)yaml";

TEST(UserAgents, ReadAnotherFile) {
  const TemporaryFile file(kOwnFile);
  const auto own = UserAgents::open(file.path(), {}).value();
  EXPECT_EQ(shown(own.recognise("OwnBrowser/7 OWNOS")), "Own Browser | OWN | other");
  EXPECT_EQ(shown(own.recognise("It's (x)")), "x | (unknown) | other");
  EXPECT_EQ(shown(own.recognise("It's")), "Plain | (unknown) | other");
  EXPECT_EQ(shown(own.recognise("Cut\xc3\xa4")), "(unknown) | (unknown) | (unknown)");  // half of a character
  EXPECT_EQ(shown(own.recognise("Cut\x1b")), "(unknown) | (unknown) | (unknown)");
  EXPECT_EQ(shown(own.recognise("Probe")), "(unknown) | (unknown) | bot | bot");
  EXPECT_NE(own.content_hash(), agents().content_hash());
}

TEST(UserAgents, SayWhatIsWrongWithAFile) {
  const auto absent = UserAgents::open("/nowhere/regexes.yaml", {});
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "missing or empty"},
      {"user_agent_parsers:\n  - regex: 'x'\n", "missing or empty"},
      {"more:\n", "line 1: no such list"},
      {"  - regex: 'x'\n", "line 1: a pattern outside of a list"},
      {"os_parsers:\n    regex: 'x'\n", "line 2: neither"},
      {"os_parsers:\n  - regex: 'x\n", "line 2: the text"},
      {"os_parsers:\n  - regex: 'x' y\n", "line 2: the text"},
      {"os_parsers:\n  - regex: \"\\d\"\n", "line 2: the text"},
      {"os_parsers:\n  - regex: 'x'\n    regex_flag: 'x'\n", "line 3: a regex_flag"},
      {"user_agent_parsers:\n  - regex: 'x'\nos_parsers:\n  - regex: 'x'\ndevice_parsers:\n  - regex_flag: 'i'\n",
       "without a regex"},
      {"user_agent_parsers:\n  - regex: '(?=x)'\nos_parsers:\n  - regex: 'x'\ndevice_parsers:\n  - regex: 'x'\n",
       "not a regular expression of RE2: (?=x)"},
      {"\xff\xfe", "line 1"},
  };
  for (const auto& [bytes, message] : cases) {
    const TemporaryFile file(bytes);
    const auto opened = UserAgents::open(file.path(), {});
    ASSERT_FALSE(opened.has_value()) << bytes;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(opened.error().message.find(message), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find(file.path()), std::string::npos) << opened.error().message;
  }
}

TEST(PatternList, TakesTheFirstPatternOfTheListThatMatches) {
  const auto list = PatternList::compile({{.regex = "(second) word", .replacement = "", .ignore_case = false},
                                          {.regex = "(s)econd", .replacement = "<$1$2>", .ignore_case = true},
                                          {.regex = ".(.)", .replacement = " $1 ", .ignore_case = false}})
                        .value();
  EXPECT_EQ(list.first("a second word", "a second word"), "second");
  EXPECT_EQ(list.first("a Second word", "a second word"), "<S>");
  EXPECT_EQ(list.first("ab", "ab"), "b");
  EXPECT_EQ(list.first("a", "a"), std::nullopt);
}

TEST(PatternList, TakesLargeBoundsAway) {
  EXPECT_EQ(without_large_bounds("a.{0,200}b.{1,50}c.{2,20}d"), "a.*b.+c.{2,}d");
  EXPECT_EQ(without_large_bounds("a{0,2}b{3}c{4,}d{,5}e{1,19}"), "a{0,2}b{3}c{4,}d{,5}e{1,19}");
  EXPECT_EQ(without_large_bounds(R"(\{0,200}[{0,200}]{0,200})"), R"(\{0,200}[{0,200}]*)");
  EXPECT_EQ(without_large_bounds("a{1,"), "a{1,");
  EXPECT_EQ(without_large_bounds("\\"), "\\");
}

TEST(Utf8, KnowsWhatIsClean) {
  for (const std::string_view good : {"", "a b", "K\u00e4se", "\u20ac", "\U0001f600", "\u00a0"}) {
    EXPECT_TRUE(is_clean(good)) << good;
  }
  for (const std::string_view bad : {"\x01", "a\n", "\x7f", "\xc2\x85", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80",
                                     "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe2\x82"}) {
    EXPECT_FALSE(is_clean(bad)) << bad;
  }
  EXPECT_EQ(cut("K\u00e4se", 2), "K");
  EXPECT_EQ(cut("K\u00e4se", 3), "K\u00e4");
  EXPECT_EQ(cut("abc", 3), "abc");
}

}  // namespace
}  // namespace guidepost::enrich
