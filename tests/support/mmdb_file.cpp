#include "support/mmdb_file.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace guidepost::test {
namespace {

constexpr char kMap = static_cast<char>(7 << 5);
constexpr char kString = static_cast<char>(2 << 5);
constexpr std::int64_t kEmpty = -1;

std::string text(std::string_view s) {
  if (s.size() > 28) throw std::invalid_argument("too long for this small writer");
  return static_cast<char>(kString | static_cast<char>(s.size())) + std::string(s);
}
std::string map_of(std::size_t size) { return {static_cast<char>(kMap | static_cast<char>(size))}; }
std::string uint16(unsigned v) {
  return {static_cast<char>(5 << 5 | 2), static_cast<char>(v >> 8), static_cast<char>(v)};
}
std::string uint32(std::uint64_t v) {
  std::string out{static_cast<char>(6 << 5 | 4)};
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift);
  return out;
}

std::string array_of(std::size_t size) { return {static_cast<char>(size), '\x04'}; }

std::string nested(const GeoNetwork& network) {
  const auto country = text("country") + map_of(1) + text("iso_code") + text(network.country);
  if (network.city.empty()) return map_of(1) + country;
  const auto named = [](const std::string& name) { return text("names") + map_of(1) + text("en") + text(name); };
  // A region of two letters is written as a code with a name beside it, a longer one as a name alone.
  const bool code = network.region.size() == 2;
  return map_of(3) + country + text("subdivisions") + array_of(1) +
         (code ? map_of(2) + text("iso_code") + text(network.region) + named("Some Region")
               : map_of(1) + named(network.region)) +
         text("city") + map_of(1) + named(network.city);
}

std::string record(GeoShape shape, const GeoNetwork& network) {
  const bool city = !network.city.empty();
  switch (shape) {
    case GeoShape::kNested:
      return nested(network);
    case GeoShape::kFlat:
      return map_of(city ? 4 : 2) + text("country") + text("Some Country") + text("country_code") +
             text(network.country) +
             (city ? text("state1") + text(network.region) + text("city") + text(network.city) : std::string());
    case GeoShape::kBare:
      return map_of(1) + text("country") + text(network.country);
  }
  throw std::invalid_argument("shape");
}

// Below 0: kEmpty, or -2 - offset of the data.
using Node = std::array<std::int64_t, 2>;

void add(std::vector<Node>& nodes, const GeoNetwork& network, std::int64_t data) {
  std::array<std::uint8_t, 16> bytes{};
  int bits = network.bits;
  if (network.address.find(':') == std::string::npos) {
    inet_pton(AF_INET, network.address.c_str(), bytes.data() + 12);
    bits += 96;
  } else {
    inet_pton(AF_INET6, network.address.c_str(), bytes.data());
  }
  std::size_t node = 0;
  for (int i = 0; i < bits; ++i) {
    const std::size_t side = bytes[static_cast<std::size_t>(i / 8)] >> (7 - i % 8) & 1;
    if (i + 1 == bits) {
      nodes[node][side] = -2 - data;
    } else {
      if (nodes[node][side] < 0) {
        nodes[node][side] = static_cast<std::int64_t>(nodes.size());
        nodes.push_back({kEmpty, kEmpty});
      }
      node = static_cast<std::size_t>(nodes[node][side]);
    }
  }
}

}  // namespace

std::string mmdb_bytes(GeoShape shape, const std::vector<GeoNetwork>& networks) {
  std::string data;
  std::vector<Node> nodes{{kEmpty, kEmpty}};
  for (const auto& network : networks) {
    add(nodes, network, static_cast<std::int64_t>(data.size()));
    data += record(shape, network);
  }
  const auto count = static_cast<std::int64_t>(nodes.size());
  std::string out;
  for (const auto& node : nodes) {
    for (const auto side : node) {
      const std::int64_t value = side >= 0 ? side : side == kEmpty ? count : count + 16 + (-2 - side);
      for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    }
  }
  out += std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com";
  const std::string no_languages{'\0', '\x04'};                                     // an array of 0
  const std::string epoch{'\x04', '\x02', '\x55', '\x58', '\x80', '\x00'};          // uint64 of 4 bytes
  out += map_of(9) + text("node_count") + uint32(static_cast<std::uint64_t>(count)) + text("record_size") + uint16(24) +
         text("ip_version") + uint16(6) + text("database_type") + text("Test-Country") + text("languages") +
         no_languages + text("binary_format_major_version") + uint16(2) + text("binary_format_minor_version") +
         uint16(0) + text("build_epoch") + epoch + text("description") + map_of(0);
  return out;
}

}  // namespace guidepost::test
