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
  std::optional<Offset> offset;         ///< of every partition
  std::map<Partition, Offset> offsets;  ///< of these; nothing of the others is decided again
  std::optional<TimeMs> time;           ///< the first records that the log received at this time or later
  std::string words;                    ///< as a person wrote it
  bool needs_blocks = false;  ///< not before what the published version's resolved log still holds
  bool earliest() const { return !offset && offsets.empty() && !time; }
};

/// Where a replay of one source begins.
struct SourceStart {
  Offset from;
  TimeMs time;            ///< when the log received what is there; now at the end
  std::string commit;     ///< what the published version's ingest had committed there (IngestCommit)
  Offset first;           ///< the first that could be decided again
  bool later = false;     ///< than asked for: what is decided before it needs records that are gone
  bool run_known = true;  ///< false: the resolved log no longer says which mapping run held there
};

/// The offset that is asked for, within what the source has of it: not before the log can give everything that is decided
/// there (its window of duplicates and sessions), nor behind what is counted; and moved back to the beginning of the block
/// that it lies in. `least_run`: that of the published version. Errors: of the stores; kCorrupt; kOutOfRange (the log no
/// longer holds what could be decided again).
Result<SourceStart> find_start(Node& node, const SourceStanding& standing, const ReplayStart& wanted, RunId least_run,
                               const std::stop_token& cancelled);

}  // namespace guidepost::app
