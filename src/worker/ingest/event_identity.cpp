#include "worker/ingest/event_identity.hpp"

#include <xxhash.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace guidepost::worker {

EventIdentity EventIdentity::of(std::string_view merchant, std::string_view guid, std::string_view event_id) {
  // The lengths go in, so that ("a", "bc") and ("ab", "c") differ.
  const std::array<std::uint32_t, 2> lengths{static_cast<std::uint32_t>(merchant.size()),
                                             static_cast<std::uint32_t>(guid.size())};
  std::array<char, 512> buffer;
  std::string long_buffer;
  char* start = buffer.data();
  const auto total = sizeof lengths + merchant.size() + guid.size() + event_id.size();
  if (total > buffer.size()) {
    long_buffer.resize(total);
    start = long_buffer.data();
  }
  std::memcpy(start, lengths.data(), sizeof lengths);
  char* at = start + sizeof lengths;
  for (auto part : {merchant, guid, event_id}) at = std::copy(part.begin(), part.end(), at);
  const auto hash = XXH3_128bits(start, total);
  return {hash.high64, hash.low64};
}

}  // namespace guidepost::worker
