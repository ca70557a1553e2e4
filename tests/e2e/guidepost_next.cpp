// The program as its next version, for upgrades in tests: all that differs is what it says it is.
#include "app/main.hpp"
#include "app/version.hpp"

namespace guidepost::app {

std::string_view program_version() { return "99.0.0"; }

}  // namespace guidepost::app

int main(int argc, char** argv) { return guidepost::app::run(argc, argv); }
