// Where in the log a replay begins, and what ingest must know there.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "app/node.hpp"
#include "app/sources.hpp"

namespace guidepost::app {

/// As it was asked for. One of them, or none: from the earliest that can be decided again.
struct ReplayStart {
  std::optional<Offset> offset;           ///< of every partition that `offsets` does not name
  std::map<Partition, Offset> offsets;    ///< where these alone are given, the others are replayed from their end
  std::optional<TimeMs> time;             ///< the first records that the log received at this time or later
  bool earliest() const { return !offset && offsets.empty() && !time; }
  std::string words() const;
};

/// Where a replay of one source begins.
struct SourceStart {
  Offset from;
  TimeMs time;            ///< when the log received what is there; now at the end
  std::string commit;     ///< what the published version's ingest had committed there (IngestCommit)
  bool later = false;     ///< than asked for: what is decided before it needs records that are gone
  bool run_known = true;  ///< false: the resolved log no longer says which mapping run held there
};

/// The offset that is asked for, within what the source has of it: not before the log can give everything that is decided
/// there (its window of duplicates and sessions), nor behind what is counted; and moved back to the beginning of the block
/// that it lies in. Errors: of the stores; kCorrupt.
Result<SourceStart> find_start(Node& node, const SourceStanding& standing, const ReplayStart& wanted,
                               const std::stop_token& cancelled);

}  // namespace guidepost::app
