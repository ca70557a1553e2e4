#include "enrich/enricher.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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

const std::vector<GeoNetwork> kNetworks{
    {"192.0.2.0", 24, "DE"}, {"198.51.100.0", 25, "FR"}, {"2001:db8::", 32, "NL"}, {"203.0.113.0", 24, "xx"}};

std::string country(Enricher& enricher, std::string_view ip, std::string_view own = {}) {
  Arena arena;
  event::Accepted e;
  e.text[Field::kIp] = ip;
  e.text[Field::kCountry] = own;
  enricher.enrich(e, arena);
  return std::string(e.text[Field::kCountry]);
}

Enricher open_good(const std::string& path) {
  auto enricher = Enricher::open({path});
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
  auto enricher =
      open_good(folder.write(test::mmdb_bytes(GeoShape::kNested, {{"10.0.0.0", 9, "DE"}, {"10.128.0.0", 9, "FR"}})));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20'000; ++i) {  // more than the cache holds
      const auto ip =
          "10." + std::to_string(i % 2 * 128) + "." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256);
      ASSERT_EQ(country(enricher, ip), i % 2 == 0 ? "DE" : "FR") << ip;
    }
  }
}

TEST(Enricher, RefusesFilesThatAreAbsentOrNone) {
  GeoFolder folder;
  const auto absent = Enricher::open({folder.path() + "/none"});
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_NE(absent.error().message.find("/none"), std::string::npos);
  const auto good = test::mmdb_bytes(GeoShape::kNested, kNetworks);
  for (const auto& bytes :
       {std::string("not a geo file"), good.substr(0, good.size() / 2), good.substr(0, good.size() - 3)}) {
    const auto opened = Enricher::open({folder.write(bytes)});
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

}  // namespace
}  // namespace guidepost::enrich
