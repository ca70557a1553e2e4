// What two versions of the outputs are compared in: what number_diff and event_diff have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::query {

/// Events lie in 2000 to 2099: others are bad rows.
inline constexpr TimeMs kFirstTime{std::chrono::sys_days{std::chrono::January / 1 / 2000}};
inline constexpr TimeMs kLastTime{std::chrono::sys_days{std::chrono::January / 1 / 2100}};

/// Which two versions, and what of them.
struct VersionPair {
  TableStore& tables;
  Names a;
  Names b;
};

struct DiffOptions {
  std::optional<std::string> merchant = {};  ///< nothing: all
  TimeMs from = kFirstTime;  ///< within these two
  TimeMs to = kLastTime;     ///< not included
  std::size_t limit = 40;    ///< differences that are listed; all are counted
  std::size_t max_pending = 2'000'000;  ///< events of a merchant and a day that differ: what bounds the memory
  std::function<void(std::uint64_t)> progress = {};  ///< hears now and then how much was read; may be empty
  std::stop_token cancelled = {};                    ///< whoever asked went away: stop (kCancelled)
};

}  // namespace guidepost::query
