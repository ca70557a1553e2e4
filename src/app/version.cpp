#include "app/version.hpp"

namespace guidepost::app {

std::string_view program_version() { return GUIDEPOST_VERSION; }

}  // namespace guidepost::app
