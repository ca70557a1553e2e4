#include "enrich/geo_file.hpp"

#include <fmt/format.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <algorithm>
#include <cstring>

#include "enrich/utf8.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {
namespace {

// The names on the way to a value, the last one null.
using Path = std::array<const char*, 5>;

std::string_view text_at(MMDB_entry_s entry, const Path& path) {
  MMDB_entry_data_s found{};
  if (MMDB_aget_value(&entry, &found, path.data()) != MMDB_SUCCESS || !found.has_data ||
      found.type != MMDB_DATA_TYPE_UTF8_STRING) {
    return {};
  }
  return {found.utf8_string, found.data_size};
}

CountryCode code_at(MMDB_entry_s entry, const Path& path) {
  const auto text = text_at(entry, path);
  if (text.size() != 2) return {};
  const CountryCode code{text[0], text[1]};
  const bool is_code = std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_code ? code : CountryCode{};
}

CountryCode country_of(MMDB_entry_s entry) {
  static constexpr std::array<Path, 3> kPaths{
      {{"country", "iso_code", nullptr}, {"country_code", nullptr}, {"country", nullptr}}};
  for (const auto& path : kPaths) {
    if (const auto code = code_at(entry, path); code[0] != 0) return code;
  }
  return {};
}

template <std::size_t kCount>
std::string_view name_of(MMDB_entry_s entry, const std::array<Path, kCount>& paths) {
  for (const auto& path : paths) {
    const auto text = text_at(entry, path);
    if (!text.empty() && is_clean(text)) return cut(text, kMaxPlaceName);
  }
  return {};
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

GeoPlace GeoFile::place(const AddressBytes& address) const {
  sockaddr_in6 six{};
  sockaddr_in four{};
  const sockaddr* where = nullptr;
  if (is_ipv4(address)) {
    four.sin_family = AF_INET;
    std::memcpy(&four.sin_addr, address.data() + address.size() - sizeof four.sin_addr, sizeof four.sin_addr);
    where = reinterpret_cast<const sockaddr*>(&four);
  } else {
    six.sin6_family = AF_INET6;
    std::memcpy(&six.sin6_addr, address.data(), sizeof six.sin6_addr);
    where = reinterpret_cast<const sockaddr*>(&six);
  }
  int failed = MMDB_SUCCESS;
  const auto found = MMDB_lookup_sockaddr(&impl_->db, where, &failed);
  if (failed != MMDB_SUCCESS || !found.found_entry) return {};

  static constexpr std::array<Path, 3> kRegion{
      {{"subdivisions", "0", "iso_code", nullptr}, {"subdivisions", "0", "names", "en", nullptr}, {"state1", nullptr}}};
  static constexpr std::array<Path, 2> kCity{{{"city", "names", "en", nullptr}, {"city", nullptr}}};
  return {country_of(found.entry), name_of(found.entry, kRegion), name_of(found.entry, kCity)};
}

std::uint64_t GeoFile::content_hash() const { return impl_->hash; }

}  // namespace guidepost::enrich
