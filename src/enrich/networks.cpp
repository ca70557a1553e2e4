#include "enrich/networks.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

namespace guidepost::enrich {
namespace {

constexpr unsigned kMappedBits = 96;  // before an IPv4 address in AddressBytes

bool same_bits(const AddressBytes& a, const AddressBytes& b, unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const auto rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

}  // namespace

Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks made;
  for (const auto& text : texts) {
    const auto slash = text.find('/');
    const auto address = std::string_view(text).substr(0, slash);
    const unsigned before = address.find(':') == std::string_view::npos ? kMappedBits : 0;
    Network network{{}, 128};
    bool good = parse_address(address, network.address);
    if (good && slash != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto read = std::from_chars(text.data() + slash + 1, end, network.bits);
      good = read.ec == std::errc() && read.ptr == end && network.bits <= 128 - before;
      network.bits += before;
    }
    if (!good) return fail(ErrorCode::kInvalidArgument, fmt::format("neither an address nor a network: {}", text));
    made.networks_.push_back(network);
  }
  return made;
}

bool Networks::contains(const AddressBytes& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return same_bits(network.address, address, network.bits); });
}

}  // namespace guidepost::enrich
