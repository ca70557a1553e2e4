// The program: picks the command or role that the first word names.
#pragma once

#include "app/stores.hpp"

namespace guidepost::app {

/// Exit status: 0, 1 (failed), 2 (usage or configuration).
int run(int argc, char** argv, OpenStores open = open_stores);

}  // namespace guidepost::app
