// Countries, regions and cities of addresses, from a file in MaxMind's format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "enrich/address.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::enrich {

/// Two upper-case letters of ISO 3166-1; 0 0: unknown.
using CountryCode = std::array<char, 2>;

/// Texts point into the file, are UTF-8 without control characters, and at most kMaxPlaceName bytes; empty: unknown.
struct GeoPlace {
  CountryCode country{};
  std::string_view region;
  std::string_view city;
};
inline constexpr std::size_t kMaxPlaceName = 128;

/// The file is mapped, not read. It must not be changed in place: replace it by a rename.
/// Thread: any. Blocks: open; a look-up may fault a page in.
class GeoFile {
 public:
  /// Errors: kNotFound, kCorrupt.
  static Result<GeoFile> open(const std::string& path);
  GeoFile(GeoFile&&) noexcept;
  GeoFile& operator=(GeoFile&&) noexcept;
  ~GeoFile();

  /// Country: `country.iso_code`, `country_code`, or `country` where that is a code, whichever comes first. Region: of
  /// the first subdivision the code, else the English name; else `state1`. City: the English name; else a text `city`.
  GeoPlace place(const AddressBytes& address) const;
  /// Hash of all its bytes.
  std::uint64_t content_hash() const;

 private:
  struct Impl;
  explicit GeoFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::enrich
