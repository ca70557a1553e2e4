// docs/metrics.md, made from the declarations.
#pragma once

#include <string>

namespace guidepost::app {

std::string metrics_reference();

}  // namespace guidepost::app
