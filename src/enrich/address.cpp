#include "enrich/address.hpp"

#include <arpa/inet.h>
#include <algorithm>

namespace guidepost::enrich {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool parse_address(std::string_view text, AddressBytes& address) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  if (text.find(':') != std::string_view::npos) return inet_pton(AF_INET6, terminated.data(), address.data()) == 1;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
  return inet_pton(AF_INET, terminated.data(), address.data() + kMappedPrefix.size()) == 1;
}

bool is_ipv4(const AddressBytes& address) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

}  // namespace guidepost::enrich
