#include "enrich/enricher.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/mmdb_file.hpp"

namespace guidepost::enrich {
namespace {

using event::Field;
using test::GeoNetwork;
using test::GeoShape;

// A geo file in a folder of its own, gone with the test.
class GeoFolder {
 public:
  GeoFolder() {
    std::string name = std::filesystem::temp_directory_path() / "guidepost-geo-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~GeoFolder() { std::filesystem::remove_all(folder_); }
  GeoFolder(const GeoFolder&) = delete;
  GeoFolder& operator=(const GeoFolder&) = delete;
  std::string write(const std::string& bytes) {
    const auto path = folder_ / std::to_string(files_++);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string path() const { return folder_; }

 private:
  std::filesystem::path folder_;
  int files_ = 0;
};

const std::vector<GeoNetwork> kNetworks{{"192.0.2.0", 24, "DE", "", ""},
                                        {"198.51.100.0", 25, "FR", "", ""},
                                        {"2001:db8::", 32, "NL", "", ""},
                                        {"203.0.113.0", 24, "xx", "", ""}};

std::string country(Enricher& enricher, std::string_view ip, std::string_view own = {}) {
  Arena arena;
  event::Accepted e;
  e.text[Field::kIp] = ip;
  e.text[Field::kCountry] = own;
  enricher.enrich(e, arena);
  return std::string(e.text[Field::kCountry]);
}

EnrichOptions with_geo(std::string path) {
  EnrichOptions options;
  options.geo_file = std::move(path);
  return options;
}

Enricher open_good(const std::string& path) {
  auto enricher = Enricher::open(with_geo(path));
  EXPECT_TRUE(enricher.has_value()) << enricher.error().message;
  return std::move(*enricher);
}

TEST(Enricher, FindsPathAndReferrerDomain) {
  auto enricher = open_good("");
  Arena arena;
  event::Accepted e;
  e.text[Field::kUrl] = "https://shop.example/a/b?c";
  e.text[Field::kReferrer] = "https://WWW.Search.example/?q=x";
  enricher.enrich(e, arena);
  EXPECT_EQ(e.text[Field::kPath], "/a/b");
  EXPECT_EQ(e.text[Field::kReferrerDomain], "search.example");
  EXPECT_EQ(e.text[Field::kCountry], "--");
}

TEST(Enricher, TakesALineOfAnAccessLogAtItsWord) {
  auto enricher = Enricher::open({}).value();
  Arena arena;
  event::Accepted event;
  event.text[event::Field::kUrl] = "//favicon.ico?x";
  event.text[event::Field::kRequest] = "GET 404 -";
  enricher.enrich(event, arena);
  EXPECT_EQ(event.text[event::Field::kPath], "//favicon.ico");
}

TEST(Enricher, WithoutAFileTakesTheEventsCountry) {
  auto enricher = open_good("");
  EXPECT_EQ(country(enricher, "192.0.2.1", "AT"), "AT");
  EXPECT_EQ(country(enricher, "192.0.2.1"), "--");
}

TEST(Enricher, KnowsCountriesFromFilesOfEveryShape) {
  GeoFolder folder;
  for (const auto shape : {GeoShape::kNested, GeoShape::kFlat, GeoShape::kBare}) {
    auto enricher = open_good(folder.write(test::mmdb_bytes(shape, kNetworks)));
    for (int round = 0; round < 2; ++round) {  // the second from the cache
      EXPECT_EQ(country(enricher, "192.0.2.1", "AT"), "DE");
      EXPECT_EQ(country(enricher, "192.0.2.255"), "DE");
      EXPECT_EQ(country(enricher, "::ffff:192.0.2.1"), "DE");
      EXPECT_EQ(country(enricher, "198.51.100.127"), "FR");
      EXPECT_EQ(country(enricher, "2001:db8::1"), "NL");
      EXPECT_EQ(country(enricher, "2001:DB8:ffff::"), "NL");
    }
  }
}

TEST(Enricher, WithAFileThatDoesNotKnowTheAddressTakesTheEventsCountry) {
  GeoFolder folder;
  auto enricher = open_good(folder.write(test::mmdb_bytes(GeoShape::kNested, kNetworks)));
  for (const std::string_view ip : {"", "198.51.100.128", "2001:db9::", "203.0.113.1", "localhost", "192.0.2.1:80",
                                    " 192.0.2.1", "192.0.2.1 ", "192.0.2", "192.0.2.256", "::1%eth0", "[2001:db8::1]",
                                    "0192.0.2.1", "999999999999999999999999999999999999999999999999999999"}) {
    EXPECT_EQ(country(enricher, ip, "AT"), "AT") << ip;
    EXPECT_EQ(country(enricher, ip), "--") << ip;
  }
  EXPECT_EQ(country(enricher, std::string_view("192.0.2.1\0", 10)), "--");
}

TEST(Enricher, RemembersNoAddressForAnother) {
  GeoFolder folder;
  auto enricher = open_good(folder.write(
      test::mmdb_bytes(GeoShape::kNested, {{"10.0.0.0", 9, "DE", "", ""}, {"10.128.0.0", 9, "FR", "", ""}})));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20'000; ++i) {  // more than the cache holds
      const auto ip =
          "10." + std::to_string(i % 2 * 128) + "." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256);
      ASSERT_EQ(country(enricher, ip), i % 2 == 0 ? "DE" : "FR") << ip;
    }
  }
}

TEST(Enricher, KnowsRegionsAndCitiesWhereTheFileHasThem) {
  GeoFolder folder;
  const std::vector<GeoNetwork> networks{{"192.0.2.0", 25, "DE", "BY", "M\u00fcnchen"},
                                         {"192.0.2.128", 25, "FR", "Brittany", "Rennes"},
                                         {"198.51.100.0", 24, "NL", "", ""},
                                         {"203.0.113.0", 24, "DE", "\xff\xfe\xff", "a\x01"}};
  const auto place = [](Enricher& enricher, std::string_view ip) {
    Arena arena;
    event::Accepted e;
    e.text[Field::kIp] = ip;
    enricher.enrich(e, arena);
    return std::string(e.text[Field::kCountry]) + "/" + std::string(e.text[Field::kRegion]) + "/" +
           std::string(e.text[Field::kCity]);
  };
  for (const auto shape : {GeoShape::kNested, GeoShape::kFlat}) {
    auto enricher = open_good(folder.write(test::mmdb_bytes(shape, networks)));
    for (int round = 0; round < 2; ++round) {  // the second from the cache
      EXPECT_EQ(place(enricher, "192.0.2.1"), "DE/BY/M\u00fcnchen");
      EXPECT_EQ(place(enricher, "192.0.2.129"), "FR/Brittany/Rennes");
      EXPECT_EQ(place(enricher, "198.51.100.1"), "NL//");
      EXPECT_EQ(place(enricher, "203.0.113.1"), "DE//");
      EXPECT_EQ(place(enricher, "10.0.0.1"), "--//");
    }
  }
}

TEST(Enricher, RefusesFilesThatAreAbsentOrNone) {
  GeoFolder folder;
  const auto absent = Enricher::open(with_geo(folder.path() + "/none"));
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_NE(absent.error().message.find("/none"), std::string::npos);
  const auto good = test::mmdb_bytes(GeoShape::kNested, kNetworks);
  for (const auto& bytes :
       {std::string("not a geo file"), good.substr(0, good.size() / 2), good.substr(0, good.size() - 3)}) {
    const auto opened = Enricher::open(with_geo(folder.write(bytes)));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << opened.error().message;
  }
}

TEST(Enricher, RulesAreAHashOfTheFilesBytes) {
  GeoFolder folder;
  const auto rules = [&](const std::vector<GeoNetwork>& networks) {
    return open_good(folder.write(test::mmdb_bytes(GeoShape::kNested, networks))).rules();
  };
  EXPECT_EQ(rules(kNetworks), rules(kNetworks));
  auto other = kNetworks;
  other[0].country = "AT";
  EXPECT_NE(rules(kNetworks), rules(other));
  EXPECT_NE(rules(kNetworks), open_good("").rules());
}

event::Accepted enriched(Enricher& enricher, Arena& arena, std::string_view user_agent, std::string_view ip = {},
                         std::uint8_t flags = 0) {
  event::Accepted e;
  e.text[Field::kUserAgent] = user_agent;
  e.text[Field::kIp] = ip;
  e.flags = flags;
  enricher.enrich(e, arena);
  return e;
}

constexpr std::string_view kFirefox = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
constexpr std::string_view kGooglebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

TEST(Enricher, TellsBrowserSystemAndDeviceFromTheAgent) {
  auto enricher = open_good("");
  Arena arena;
  for (int round = 0; round < 2; ++round) {  // the second from the cache
    const auto firefox = enriched(enricher, arena, kFirefox);
    EXPECT_EQ(firefox.text[Field::kBrowser], "Firefox");
    EXPECT_EQ(firefox.text[Field::kOs], "Linux");
    EXPECT_EQ(firefox.text[Field::kDeviceClass], "desktop");
    EXPECT_EQ(firefox.traffic, event::Traffic::kHuman);
    const auto bot = enriched(enricher, arena, kGooglebot);
    EXPECT_EQ(bot.text[Field::kBrowser], "Googlebot");
    EXPECT_EQ(bot.text[Field::kDeviceClass], "bot");
    EXPECT_EQ(bot.traffic, event::Traffic::kBot);
    const auto none = enriched(enricher, arena, "");
    EXPECT_EQ(none.text[Field::kBrowser], "(unknown)");
    EXPECT_EQ(none.text[Field::kOs], "(unknown)");
    EXPECT_EQ(none.text[Field::kDeviceClass], "(unknown)");
    EXPECT_EQ(none.traffic, event::Traffic::kHuman);
  }
}

// Longer than the cache's entries may be, and the same in their first bytes.
TEST(Enricher, TellsLongAgentsByTheirBeginning) {
  auto enricher = open_good("");
  Arena arena;
  const auto agent = std::string(kFirefox) + std::string(8192, '(');
  for (int round = 0; round < 2; ++round) {
    const auto found = enriched(enricher, arena, agent + std::to_string(round));
    EXPECT_EQ(found.text[Field::kBrowser], "Firefox");
    EXPECT_EQ(found.text[Field::kUserAgent].size(), agent.size() + 1);
  }
}

TEST(Enricher, TakesForBotsWhatTheConfigurationNames) {
  EnrichOptions options;
  options.bot_agents = {"MyProbe"};
  options.bot_addresses = {"192.0.2.0/24", "2001:db8::1"};
  options.no_agent_is_bot = true;
  auto enricher = Enricher::open(options).value();
  Arena arena;
  const auto is_bot = [&](std::string_view agent, std::string_view ip, std::uint8_t flags = 0) {
    return enriched(enricher, arena, agent, ip, flags).traffic == event::Traffic::kBot;
  };
  EXPECT_TRUE(is_bot("myprobe/1", ""));
  EXPECT_TRUE(is_bot(kFirefox, "192.0.2.200"));
  EXPECT_TRUE(is_bot(kFirefox, "2001:db8::1"));
  EXPECT_FALSE(is_bot(kFirefox, "192.0.3.1"));
  EXPECT_FALSE(is_bot(kFirefox, "no address"));
  EXPECT_TRUE(is_bot("", "198.51.100.1"));
  EXPECT_FALSE(is_bot("", "198.51.100.1", event::kNoDevice));
  EXPECT_TRUE(is_bot("", "192.0.2.1", event::kNoDevice));
  options.bot_addresses = {"192.0.2.0/40"};
  ASSERT_FALSE(Enricher::open(options).has_value());
}

TEST(Enricher, ForAnotherThreadHasTheSameRules) {
  EnrichOptions options;
  options.bot_agents = {"MyProbe"};
  auto first = std::make_unique<Enricher>(Enricher::open(options).value());
  auto other = first->another();
  EXPECT_EQ(other.rules(), first->rules());
  first.reset();
  Arena arena;
  EXPECT_EQ(enriched(other, arena, "MyProbe 2").traffic, event::Traffic::kBot);
}

TEST(Enricher, RulesAreAHashOfEverythingThatDecides) {
  const EnrichOptions none;
  std::vector<EnrichOptions> all(10, none);
  all[1].bot_agents = {"x"};
  all[2].bot_addresses = {"192.0.2.1"};
  all[3].no_agent_is_bot = true;
  all[4].domains.search = {"x"};
  all[5].domains.social = {"x"};
  all[6].domains.mail = {"x"};
  all[7].domains.of_merchants["shop"] = {"x"};
  all[8].domains.of_merchants["shop-2"] = {"x"};
  GeoFolder folder;
  all[9].user_agent_file = folder.write(
      "user_agent_parsers:\n  - regex: 'x'\nos_parsers:\n  - regex: 'x'\ndevice_parsers:\n  - regex: 'x'\n");
  std::set<std::uint64_t> seen;
  for (const auto& options : all) {
    const auto rules = Enricher::open(options).value().rules();
    EXPECT_EQ(rules, Enricher::open(options).value().rules());
    EXPECT_TRUE(seen.insert(rules).second);
  }
  auto more_memory = none;
  more_memory.user_agent_cache = 1_MiB;
  EXPECT_EQ(Enricher::open(more_memory).value().rules(), Enricher::open(none).value().rules());
}

}  // namespace
}  // namespace guidepost::enrich
