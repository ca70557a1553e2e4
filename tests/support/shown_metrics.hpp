// What the process shows to Prometheus, for tests.
#pragma once

#include <optional>
#include <sstream>
#include <string>

#include "base/metrics.hpp"

namespace guidepost::test {

/// The value of a series, as `name{label="value"}`; nothing where it is not shown.
inline std::optional<double> shown(const std::string& series) {
  std::istringstream lines(metrics::expose());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return std::nullopt;
}

}  // namespace guidepost::test
