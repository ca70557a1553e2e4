// The patterns that user agents are recognised by, out of uap-core's regexes.yaml
// (https://github.com/ua-parser/uap-core, docs/specification.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/result.hpp"

namespace guidepost::enrich {

struct AgentPattern {
  std::string regex;
  std::string replacement;  ///< with $1 to $9; empty: what the first group matched
  bool ignore_case = false;
};

/// In the order of the file: of each list the first that matches decides.
struct AgentPatterns {
  std::vector<AgentPattern> browsers;
  std::vector<AgentPattern> systems;
  std::vector<AgentPattern> devices;
};

/// Reads what regexes.yaml uses of YAML: three lists of maps of texts, each text on a line of its own. Errors: kCorrupt,
/// with the line.
Result<AgentPatterns> read_agent_patterns(std::string_view yaml);

/// The regexes.yaml that this program was built with (cmake/deps/deps.lock says which).
std::string_view built_in_agent_patterns();

}  // namespace guidepost::enrich
