// `status --watch`: how everything stands, again and again, with what happened in between.
#pragma once

#include <chrono>
#include <optional>

#include "app/command.hpp"

namespace guidepost::app {

/// Nothing: not to be watched. Throws UsageError: no duration, or an interval of nothing.
std::optional<std::chrono::milliseconds> watch_interval(const Arguments& arguments);

/// Blocks: until the caller has enough, or reads no more. Gives 0: what is wrong meanwhile is shown.
int watch_status(Call& call, std::chrono::milliseconds interval);

}  // namespace guidepost::app
