#include "app/main.hpp"

namespace guidepost::app {

int run(int, char**) { return 2; }

}  // namespace guidepost::app
