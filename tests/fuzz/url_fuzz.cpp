// Any bytes as a url or referrer.
#include <cstdint>

#include "base/assert.hpp"
#include "enrich/enricher.hpp"

using namespace guidepost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Arena arena;
  arena.reset();
  const std::string_view url(reinterpret_cast<const char*>(data), size);
  const auto path = enrich::url_path(url);
  GUIDEPOST_ASSERT(!path.empty() && path.find_first_of("?#") == std::string_view::npos);
  const auto domain = enrich::url_domain(url, arena);
  GUIDEPOST_ASSERT(domain.size() <= 253 &&
                   domain.find_first_of("/?#@ \\\"<>[]ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos);
  return 0;
}
