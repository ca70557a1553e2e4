// What both embedded stores are opened with.
#pragma once

#include <cstdint>
#include <filesystem>

#include "guidepost/base/ids.hpp"

namespace guidepost::embedded {

/// What an answered write survives.
enum class Durability : std::uint8_t {
  kPowerLoss,     ///< synced to the disk before the answer; what waits together is synced together
  kProcessDeath,  ///< handed to the operating system before the answer: kill -9 loses nothing, power loss may
};

/// What happens when the newest part of the write-ahead log cannot be read.
enum class Recovery : std::uint8_t {
  kStrict,      ///< only a write that was cut off at the very end is passed over; anything else: kCorrupt
  kAcceptLoss,  ///< everything from the first unreadable write on is given up
};

struct StoreOptions {
  std::filesystem::path folder;  ///< made where it is missing; holds nothing else
  Durability durability = Durability::kPowerLoss;
  Recovery recovery = Recovery::kStrict;
  Bytes write_buffers{32 * 1024 * 1024};  ///< memory for what is not yet in sorted files
  Bytes block_cache{16 * 1024 * 1024};    ///< memory for blocks, indexes and filters of sorted files
  int read_threads = 2;
};

}  // namespace guidepost::embedded
