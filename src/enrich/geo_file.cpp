#include "enrich/geo_file.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <algorithm>
#include <cstring>

#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

CountryCode code_at(MMDB_entry_s entry, const char* const* path) {
  MMDB_entry_data_s found{};
  if (MMDB_aget_value(&entry, &found, path) != MMDB_SUCCESS || !found.has_data ||
      found.type != MMDB_DATA_TYPE_UTF8_STRING || found.data_size != 2) {
    return {};
  }
  const CountryCode code{found.utf8_string[0], found.utf8_string[1]};
  const bool is_code = std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_code ? code : CountryCode{};
}

}  // namespace

struct GeoFile::Impl {
  MMDB_s db{};
  std::uint64_t hash = 0;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (db.file_content != nullptr) MMDB_close(&db);
  }
};

GeoFile::GeoFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GeoFile::GeoFile(GeoFile&&) noexcept = default;
GeoFile& GeoFile::operator=(GeoFile&&) noexcept = default;
GeoFile::~GeoFile() = default;

Result<GeoFile> GeoFile::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  if (const int failed = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &impl->db); failed != MMDB_SUCCESS) {
    impl->db.file_content = nullptr;  // the library has cleaned up already
    const bool absent = failed == MMDB_FILE_OPEN_ERROR || failed == MMDB_IO_ERROR;
    return fail(absent ? ErrorCode::kNotFound : ErrorCode::kCorrupt,
                fmt::format("geo file {}: {}", path, MMDB_strerror(failed)));
  }
  impl->hash =
      hash64({reinterpret_cast<const char*>(impl->db.file_content), static_cast<std::size_t>(impl->db.file_size)});
  return GeoFile(std::move(impl));
}

bool parse_address(std::string_view text, AddressBytes& address) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  if (text.find(':') != std::string_view::npos) return inet_pton(AF_INET6, terminated.data(), address.data()) == 1;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
  return inet_pton(AF_INET, terminated.data(), address.data() + kMappedPrefix.size()) == 1;
}

CountryCode GeoFile::country(const AddressBytes& address) const {
  sockaddr_in6 six{};
  sockaddr_in four{};
  const sockaddr* where = nullptr;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin())) {
    four.sin_family = AF_INET;
    std::memcpy(&four.sin_addr, address.data() + kMappedPrefix.size(), sizeof four.sin_addr);
    where = reinterpret_cast<const sockaddr*>(&four);
  } else {
    six.sin6_family = AF_INET6;
    std::memcpy(&six.sin6_addr, address.data(), sizeof six.sin6_addr);
    where = reinterpret_cast<const sockaddr*>(&six);
  }
  int failed = MMDB_SUCCESS;
  const auto found = MMDB_lookup_sockaddr(&impl_->db, where, &failed);
  if (failed != MMDB_SUCCESS || !found.found_entry) return {};

  static constexpr std::array<const char*, 3> kNested{"country", "iso_code", nullptr};
  static constexpr std::array<const char*, 2> kFlat{"country_code", nullptr};
  static constexpr std::array<const char*, 2> kBare{"country", nullptr};
  for (const char* const* path : {kNested.data(), kFlat.data(), kBare.data()}) {
    if (const auto code = code_at(found.entry, path); code[0] != 0) return code;
  }
  return {};
}

std::uint64_t GeoFile::content_hash() const { return impl_->hash; }

}  // namespace guidepost::enrich
