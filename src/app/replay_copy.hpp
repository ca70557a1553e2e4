// Taking over what a version goes on from: everything of its base below the floors.
#pragma once

#include <functional>
#include <map>
#include <stop_token>

#include "app/node.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {

/// What lies below the floors, as it was found.
struct Below {
  std::uint64_t pages = 0;    ///< that hold earlier events alone: they are copied as they are
  std::uint64_t divided = 0;  ///< that hold events of both sides: their earlier part is counted again, from the rows
  std::uint64_t rows =
      0;     ///< bad rows, and event rows of the month of the floors: copied; those of earlier months are not
};

/// Where each source's part ends; a source that is not named is taken over whole.
using Floors = std::map<SourceId, Offset>;

/// Finds the pages that a version beginning at the floors would take over; writes nothing. `progress` hears of the rows
/// read. Errors: of the store; kCorrupt; kCancelled.
Result<Below> look_below(Node& node, const Names& base, const Floors& floors,
                         const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

/// Copies pages, rows, their index and bad rows below the floors from `base` to `next`, whose layers say which months of rows
/// stay where they are. The base goes on meanwhile; everything below the floors must be durable in it. Done again it does
/// the same. Errors: as look_below.
Result<Below> copy_below(Node& node, const Names& base, const Names& next, const Floors& floors,
                         const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

}  // namespace guidepost::app
