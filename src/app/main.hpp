// The program: picks the command or role that the first word names.
#pragma once

namespace guidepost::app {

/// Exit status: 0, 1 (failed), 2 (usage or configuration).
int run(int argc, char** argv);

}  // namespace guidepost::app
