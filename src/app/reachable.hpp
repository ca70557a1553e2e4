// Whether somebody listens at an address.
#pragma once

#include <chrono>
#include <string>

#include "guidepost/base/result.hpp"

namespace guidepost::app {

/// Connects by TCP and closes again. Blocks: at most `patience` for each address that the name has.
/// Errors: kInvalidArgument (no address, no such name), kUnavailable (refused, no answer).
Result<void> reachable(const std::string& host_port, std::chrono::milliseconds patience);

}  // namespace guidepost::app
