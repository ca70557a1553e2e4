#include "enrich/networks.hpp"

#include <gtest/gtest.h>

namespace guidepost::enrich {
namespace {

bool contains(const Networks& networks, std::string_view text) {
  AddressBytes address{};
  EXPECT_TRUE(parse_address(text, address)) << text;
  return networks.contains(address);
}

TEST(Networks, HoldAddressesAndNetworks) {
  const auto networks = Networks::parse({"192.0.2.7", "198.51.100.0/25", "2001:db8::/33", "::1"}).value();
  for (const std::string_view in :
       {"192.0.2.7", "::ffff:192.0.2.7", "198.51.100.0", "198.51.100.127", "2001:db8:7fff::1", "::1"}) {
    EXPECT_TRUE(contains(networks, in)) << in;
  }
  for (const std::string_view out : {"192.0.2.6", "198.51.100.128", "2001:db8:8000::", "::2", "0.0.0.1"}) {
    EXPECT_FALSE(contains(networks, out)) << out;
  }
}

TEST(Networks, OfNoBitsHoldAllOfTheirKind) {
  const auto four = Networks::parse({"0.0.0.0/0"}).value();
  EXPECT_TRUE(contains(four, "203.0.113.9"));
  EXPECT_FALSE(contains(four, "2001:db8::1"));
  EXPECT_TRUE(contains(Networks::parse({"::/0"}).value(), "203.0.113.9"));
  EXPECT_TRUE(Networks::parse({}).value().empty());
}

TEST(Networks, RefuseWhatIsNone) {
  for (const std::string text : {"", "x", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2.0/8x", "::/129", "/8",
                                 "192.0.2.0/8/8", "192.0.2"}) {
    const auto parsed = Networks::parse({text});
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace guidepost::enrich
