// Writes small geo files in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace guidepost::test {

enum class GeoShape { kNested, kFlat, kBare };

struct GeoNetwork {
  std::string address;  ///< IPv4 or IPv6
  int bits;             ///< of the address, as in 192.0.2.0/24
  std::string country;
  std::string region = {};  ///< with a city, as kNested (GeoLite2) and kFlat (DB-IP) have them
  std::string city = {};
};

/// Bytes of a file: record size 24, IP version 6, IPv4 networks at ::/96.
std::string mmdb_bytes(GeoShape shape, const std::vector<GeoNetwork>& networks);

}  // namespace guidepost::test
