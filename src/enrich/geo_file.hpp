// Countries of addresses, from a file in MaxMind's format.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "guidepost/base/result.hpp"

namespace guidepost::enrich {

/// An address as bytes: IPv4 mapped into IPv6 (::ffff:a.b.c.d).
using AddressBytes = std::array<std::uint8_t, 16>;

/// Nothing else than an IPv4 or IPv6 address in text; without port or zone. False: it is none.
bool parse_address(std::string_view text, AddressBytes& address);

/// Two upper-case letters of ISO 3166-1; 0 0: unknown.
using CountryCode = std::array<char, 2>;

/// The file is mapped, not read. It must not be changed in place: replace it by a rename.
/// Thread: any. Blocks: open; a look-up may fault a page in.
class GeoFile {
 public:
  /// Errors: kNotFound, kCorrupt.
  static Result<GeoFile> open(const std::string& path);
  GeoFile(GeoFile&&) noexcept;
  GeoFile& operator=(GeoFile&&) noexcept;
  ~GeoFile();

  /// From `country.iso_code`, `country_code`, or `country` where that is a code, whichever comes first.
  CountryCode country(const AddressBytes& address) const;
  /// Hash of all its bytes.
  std::uint64_t content_hash() const;

 private:
  struct Impl;
  explicit GeoFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::enrich
