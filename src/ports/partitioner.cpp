#include <cstring>

#include "guidepost/ports/event_log.hpp"

namespace guidepost {
namespace {

/// MurmurHash2, 32 bits, with the seed of org.apache.kafka.common.utils.Utils.murmur2: foreign
/// producers must choose the same partition for the same key.
std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  const auto length = static_cast<std::uint32_t>(key.size());
  std::uint32_t hash = 0x9747b28cU ^ length;
  const char* at = key.data();
  std::size_t left = key.size();
  for (; left >= 4; at += 4, left -= 4) {
    std::uint32_t k = 0;
    std::memcpy(&k, at, 4);
    k *= kMultiplier;
    k ^= k >> kShift;
    k *= kMultiplier;
    hash *= kMultiplier;
    hash ^= k;
  }
  if (left > 0) {
    for (std::size_t i = left; i-- > 0;)
      hash ^= static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])) << (8 * i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

}  // namespace

Partition partition_of_key(std::string_view key, std::int32_t partitions) {
  return Partition{static_cast<std::int32_t>((murmur2(key) & 0x7fffffffU) % static_cast<std::uint32_t>(partitions))};
}

}  // namespace guidepost
