// Mapping runs: their record in the state table, the refresh lock, and the markers in the raw log.
// Rows: proto/state.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/control.hpp"
#include "identity/mapping.hpp"

namespace guidepost::identity {

/// A control record of the raw log: from this offset on, this run holds in this partition.
struct RunMarker {
  RunId run;
  std::vector<RunId> aborted;  ///< all runs below `run` that do not count, ascending
};

/// Reserved key of control records; nothing from HTTP can get it (merchants never begin with 0x00).
using event::kControlKey;
std::string encode_marker(const RunMarker& marker);
/// Errors: kCorrupt.
Result<RunMarker> decode_marker(std::string_view value);

}  // namespace guidepost::identity
