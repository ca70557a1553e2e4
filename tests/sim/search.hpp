// Many histories on all cores, each in a process that may die of it; and a failing one made short.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "sim/run.hpp"

namespace guidepost::sim {

struct SearchOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1000;
  std::optional<std::chrono::seconds> time;  ///< ends after it, whatever `seeds` says
  int jobs = 1;
};

struct SearchResult {
  std::uint64_t seeds = 0;  ///< played
  std::chrono::duration<double> took{};
  Met met;
  std::optional<std::uint64_t> failed;  ///< the first one that was noticed
  std::string wrong;                    ///< of it
};

/// Stops at the first history that fails. `progress` is told how many were played, a few times a second.
SearchResult search(const SearchOptions& options, const std::function<void(std::uint64_t)>& progress);

/// The outcome of one, in a process of its own; where that dies, `wrong` says of what.
Outcome play_apart(const History& history);

/// Leaves out steps for as long as it fails.
History shrink(History failing);

}  // namespace guidepost::sim
