// Where a hash goes in a table with open addressing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace guidepost {

/// Odd, and another one in each process: multiply-shift with it is universal (Dietzfelbinger et al., "A reliable
/// randomized algorithm for the closest-pair problem", 1997), so no sender can choose ids that all go to one place.
extern const std::uint64_t kSpread;

/// 32 bits, to be cut to the table's size by its mask. What a table answers must not depend on the place.
inline std::size_t spread(std::uint64_t hash) { return static_cast<std::size_t>((hash * kSpread) >> 32); }

}  // namespace guidepost
