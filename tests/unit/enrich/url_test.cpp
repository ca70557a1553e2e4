#include <gtest/gtest.h>

#include "enrich/enricher.hpp"

namespace guidepost::enrich {
namespace {

TEST(UrlPath, IsWhatLiesBetweenHostAndQuery) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"http://shop.example/a/b?q=1#x", "/a/b"},
      {"https://shop.example", "/"},
      {"https://shop.example?q", "/"},
      {"https://shop.example#x", "/"},
      {"https://user:pw@shop.example:8080/a", "/a"},
      {"//shop.example/a", "/a"},
      {"android-app://com.example/a", "/a"},
      {"file:///a/b", "/a/b"},
      {"/a/b", "/a/b"},
      {"/a?u=http://x.example/y", "/a"},
      {"/a//b/../c/%2F", "/a//b/../c/%2F"},
      {"/K\u00e4se", "/K\u00e4se"},
      {"?q", "/"},
      {"#x", "/"},
      {"", ""},
      {"/", "/"},
      {"index.html?x", "index.html"},
      {"http:/a", "http:/a"},
      {"1http://x.example/a", "1http://x.example/a"},
  };
  for (const auto& [url, path] : cases) EXPECT_EQ(url_path(url), path) << url;
}

TEST(UrlDomain, IsTheHostInSmallLettersWithoutWwwAndPort) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"http://shop.example/a", "shop.example"},
      {"https://www.Shop.EXAMPLE:443/a", "shop.example"},
      {"https://WWW.shop.example", "shop.example"},
      {"https://www.com/", "www.com"},
      {"https://www./", "www"},
      {"https://wwww.shop.example/", "wwww.shop.example"},
      {"https://user:pw@shop.example/", "shop.example"},
      {"https://a@b@shop.example/", "shop.example"},
      {"https://shop.example./", "shop.example"},
      {"https://shop.example?x", "shop.example"},
      {"https://shop.example#x@y", "shop.example"},
      {"https://shop.example\\@evil.example/", "shop.example"},
      {"//cdn.example/x", "cdn.example"},
      {"http://[2001:DB8::1]:80/", "2001:db8::1"},
      {"http://[2001:db8::1", ""},
      {"http://[]/", ""},
      {"http://192.0.2.1/", "192.0.2.1"},
      {"http://localhost:3000/", "localhost"},
      {"http://k\u00e4se.example/", "k\u00e4se.example"},
      {"android-app://com.Example/", "com.example"},
      {"http://a b/", ""},
      {"http://a<b/", ""},
      {"http:///a", ""},
      {"/a", ""},
      {"shop.example/a", ""},
      {"mailto:x@shop.example", ""},
      {"-", ""},
      {"", ""},
  };
  Arena arena;
  for (const auto& [url, domain] : cases) EXPECT_EQ(url_domain(url, arena), domain) << url;
  EXPECT_EQ(url_domain("http://" + std::string(254, 'a') + "/", arena), "");
  EXPECT_EQ(url_domain("http://" + std::string(253, 'a') + "/", arena).size(), 253U);
}

}  // namespace
}  // namespace guidepost::enrich
