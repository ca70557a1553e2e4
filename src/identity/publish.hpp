// Puts the newest run's marker into the raw log.
#pragma once

#include <optional>
#include <vector>

#include "base/names.hpp"
#include "base/patience.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {

struct MarkerPosition {
  Partition partition;
  Offset offset;
};

struct Published {
  std::optional<RunId> run;             ///< the newest complete one; nothing where there is none
  std::vector<MarkerPosition> markers;  ///< those written now; empty where all partitions had it
};

/// Writes the marker of the newest complete run into each partition of the raw topic that does not
/// have it yet: after a crash between completing and publishing, and when partitions were added. May
/// be called at any time; a repeated marker changes nothing.
/// Thread: any. Blocks: yes. Errors: kNotFound (no raw topic: `init` makes it), those of the stores
/// once patience ended; then calling it again goes on.
Result<Published> publish_latest_marker(TableStore& tables, EventLog& log, const Names& names,
                                        const Patience& patience);

}  // namespace guidepost::identity
