// Taking over what a version goes on from: everything of its base below the floors.
#pragma once

#include <functional>
#include <map>
#include <stop_token>

#include "app/node.hpp"

namespace guidepost::app {

/// The pages below the floors, as they were found.
struct PagesFound {
  std::uint64_t whole = 0;    ///< hold earlier events alone: they are copied as they are
  std::uint64_t divided = 0;  ///< hold events of both sides: their earlier part is counted again, from the rows
};

/// Where each source's part ends; kWhole: all of it is taken over. Of a source that is not named, nothing is.
using Floors = std::map<SourceId, Offset>;
inline constexpr Offset kWhole{INT64_MAX};

/// Finds the pages that a version beginning at the floors would take over; writes nothing. `progress` hears of the pages
/// read. Errors: of the store; kCorrupt; kCancelled.
Result<PagesFound> look_below(Node& node, const Names& base, const Floors& floors,
                              const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

/// Copies pages, event rows, their index, bad rows (and of whole sources the ledger) below the floors from `base` to `next`.
/// The base goes on meanwhile; everything below the floors must be durable in it. Done again it does the same. `progress`
/// hears of the rows read. Errors: of the store; kCorrupt; kNotFound (the base has no tables); kCancelled.
Result<void> copy_below(Node& node, const Names& base, const Names& next, const Floors& floors,
                        const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

}  // namespace guidepost::app
