#include <gtest/gtest.h>

#include "adapters/hbase/connection.hpp"

namespace guidepost::hbase {
namespace {

TEST(Endpoint, is_read_from_host_and_port) {
  EXPECT_EQ(parse_endpoint("hbase-1.example:9090"), (Endpoint{"hbase-1.example", 9090}));
  EXPECT_EQ(parse_endpoint("[::1]:9090"), (Endpoint{"::1", 9090}));
  EXPECT_EQ(to_string(*parse_endpoint("[::1]:9090")), "[::1]:9090");
  EXPECT_EQ(to_string(*parse_endpoint("a:1")), "a:1");
}

TEST(Endpoint, anything_else_is_refused) {
  for (const auto* text :
       {"", ":", "a", "a:", ":1", "a:0", "a:65536", "a:9x", "a:-1", "::1:9090", "[]:1", "[::1:1", "a: 1"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(Endpoint, several_stand_with_commas_between_them) {
  EXPECT_EQ(parse_endpoints("a:1,b:2"), (std::vector<Endpoint>{{"a", 1}, {"b", 2}}));
  EXPECT_FALSE(parse_endpoints("a:1,"));
  EXPECT_FALSE(parse_endpoints(""));
}

}  // namespace
}  // namespace guidepost::hbase
