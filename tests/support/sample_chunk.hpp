// A chunk of a page with a bit of everything: the one that proto/page.md explains byte by byte.
#pragma once

#include "guidepost/rollup/page_format.hpp"

namespace guidepost::test {

inline rollup::StoredEntry sample_entry(rollup::Dimension d, std::string value,
                                        std::array<std::int64_t, rollup::kCounterCount> counters,
                                        std::vector<std::uint64_t> devices, std::vector<std::uint64_t> users,
                                        Bucket bucket = Bucket{1'589'000}) {
  rollup::StoredEntry e;
  e.dimension = d;
  e.bucket = bucket;
  e.value = std::move(value);
  e.counters = counters;
  e.distinct[0].hashes = std::move(devices);
  e.distinct[1].hashes = std::move(users);
  return e;
}

inline rollup::StoredChunk sample_chunk() {
  using rollup::Dimension;
  rollup::StoredChunk chunk;
  chunk.rules = RulesHash{0x1122334455667788};
  chunk.position = Offset{300};
  chunk.first_offset = Offset{7};
  chunk.valid_bits = 1;
  chunk.events = 3;
  chunk.entries.push_back(sample_entry(Dimension::kTotal, "", {3, 2, 1, 0, -1, 2, -1, 1, 4200, 3, 1},
                                       {1, 0xaabbccddeeff}, {1, 0xaabbccddeeff}));
  chunk.entries.back().distinct[2].hashes = {5};
  chunk.entries.back().money = {{{'E', 'U', 'R'}, 1250, -300, 1}, {{'J', 'P', 'Y'}, -7, -7, 0}};
  chunk.entries.push_back(sample_entry(Dimension::kCountry, "DE", {3, 2, 1, 0, 0}, {1}, {2}));
  return chunk;
}

}  // namespace guidepost::test
