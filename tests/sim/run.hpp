// Carries out a history, and says whether the numbers are right.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/history.hpp"

namespace guidepost::sim {

/// What histories met: a simulator that meets nothing proves nothing.
struct Met {
  std::uint64_t records = 0;
  std::uint64_t kills = 0;
  std::uint64_t zombies = 0;
  std::uint64_t lost_puts = 0;
  std::uint64_t blocks_passed = 0;
  std::uint64_t blocks_trimmed = 0;
  std::uint64_t gaps = 0;
  std::uint64_t eras = 0;  ///< blocks that did not fit, for others had gone on by other rules
  std::uint64_t pages_continued = 0;
  std::uint64_t restores = 0;
  std::uint64_t markers = 0;
  std::uint64_t given_up = 0;  ///< records

  void add(const Met& other);
};

struct Outcome {
  std::string wrong;  ///< empty: everything held
  Met met;
};

/// Ingest and aggregate as they are in production, over a simulated log, table store, clock and scheduler. First everything
/// may go wrong; then all faults end, and within three minutes all must be counted, and right:
/// * it drained: nothing is left to decide, apply or commit, and no partition gave up;
/// * `verify` agrees: all pages, the ledger and the rows, recounted by code that shares nothing with the fold, also in the
///   middle of it all;
/// * what readers see is what an undisturbed run gives of the same log (but for two rules, where whoever was first decided, and
///   where retention took some of it);
/// * lost is what an operator gave up, after he did so, and nothing else.
/// Thread: one. The same history, the same outcome.
Outcome run(const History& history);

}  // namespace guidepost::sim
