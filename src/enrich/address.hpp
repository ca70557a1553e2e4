// Addresses of the internet as bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace guidepost::enrich {

/// IPv4 mapped into IPv6 (::ffff:a.b.c.d).
using AddressBytes = std::array<std::uint8_t, 16>;

/// Nothing else than an IPv4 or IPv6 address in text; without port or zone. False: it is none.
bool parse_address(std::string_view text, AddressBytes& address);

/// The last four bytes are an IPv4 address.
bool is_ipv4(const AddressBytes& address);

}  // namespace guidepost::enrich
