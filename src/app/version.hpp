// Which version of the program this is.
#pragma once

#include <string_view>

namespace guidepost::app {

/// In a file of its own, so that a test's program can be another version of everything else.
std::string_view program_version();

}  // namespace guidepost::app
