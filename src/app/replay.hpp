// Making another version of the outputs beside the published one, from what the log holds.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/node.hpp"
#include "app/replay_copy.hpp"
#include "app/replay_fill.hpp"
#include "app/replay_start.hpp"
#include "app/sources.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {

/// Which versions there are, as far as a replay is concerned.
struct VersionsSeen {
  worker::Published published;
  std::optional<worker::VersionRecord> unfinished;  ///< one that an earlier replay has not brought to its end
  std::optional<worker::VersionRecord> newest;      ///< the last one above the published one that has caught up
  std::uint32_t next = 2;                           ///< number of the next one
  RunId least_run{};                                ///< of the published one
};
/// Errors: of the store; kCorrupt.
Result<VersionsSeen> see_versions(Node& node, const std::stop_token& cancelled);

/// Of which records something else may come; of all others it stays as the published version has it.
struct ReplayScope {
  std::optional<std::string> merchant;
  std::optional<ReplayUntil> until;
  bool whole() const { return !merchant && !until; }
};

/// What a replay would read, and what it would take over.
struct ReplayPlan {
  VersionsSeen versions;
  struct Part {
    worker::Source source;
    LogBounds raw;          ///< what the log still holds
    SourceStart start;      ///< of one that is not current: its floor
    Offset counted;         ///< up to where the published version has counted
    Offset until;           ///< end of the scope, or of the log
    std::int64_t kept = 0;  ///< offsets below the start that the published version has counted: they stay as they are
    bool current = true;  ///< false: of a topic that is no more, or was made again: all of it stays as it is
    std::int64_t records() const { return current ? raw.end - start.from : 0; }
  };
  std::vector<Part> parts;
  ReplayStart start;
  ReplayScope scope;
  std::optional<RunId> latest_run;  ///< the newest mapping that was published

  std::uint64_t records() const;
  std::uint64_t counted_again() const;  ///< of them, that the published version has counted
  std::uint64_t kept() const;
  /// What the version would go on from; nothing where all that is counted is read again.
  std::optional<std::uint32_t> base() const;
  Floors floors() const;
};

/// Offsets that were counted, and that a replay cannot decide again: the log, or what deciding needs, is gone.
struct GoneRange {
  Partition partition;
  Offset from;
  Offset to;
};
std::vector<GoneRange> gone_of(const ReplayPlan& plan);
/// Of a version that was begun: what of it lay out of reach. Errors: as plan_replay().
Result<std::vector<GoneRange>> gone_before(Node& node, const VersionsSeen& versions,
                                           const worker::VersionRecord& version, const std::stop_token& cancelled);

/// Errors: of the stores; kCorrupt; kOutOfRange (find_start); kInvalidArgument (a partition that there is not).
Result<ReplayPlan> plan_replay(Node& node, const VersionsSeen& versions, const ReplayStart& start,
                               const ReplayScope& scope, const std::stop_token& cancelled);

struct ReplayWish {
  bool latest_mapping = true;  ///< else the markers alone, as it was
  std::uint64_t rate = 0;  ///< records a second and partition; 0: as fast as it goes
};

/// Makes the version of a plan: takes its number (or goes on with one that was only taken), makes topic and tables, writes
/// its floors, says what it is. A crash before the end leaves a number that the next one goes on with.
/// Errors: of the stores; kFailed (what cannot be made); kInvalidArgument (as it was logged cannot be known any more).
Result<worker::VersionRecord> make_version(Node& node, const ReplayPlan& plan, const ReplayWish& wish,
                                           const std::stop_token& cancelled);

/// Takes over what a version goes on from, where that is not done yet. `progress` hears of the rows read. Errors: of the
/// stores; kCorrupt; kCancelled; kOutOfRange (the log no longer holds where it begins); kFailed (once more).
Result<void> take_over(Node& node, const worker::VersionRecord& version,
                       const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

/// Lets everybody read a version instead of the one that was seen. Errors: of the store; kFailed (someone else has published
/// one meanwhile).
Result<void> publish_version(Node& node, const worker::Published& seen, std::uint32_t version,
                             const std::stop_token& cancelled);

/// Deletes the tables and the topic of a version, and says so in its row; `told` hears of each. Done again it finishes what
/// was begun. Errors: of the stores; kInvalidArgument (the version is read, or another one goes on from it, or there is none of
/// that number).
Result<void> drop_version(Node& node, std::uint32_t version, const std::function<void(const std::string&)>& told,
                          const std::stop_token& cancelled);

/// Of a version with a scope: writes its blocks, where that is not done yet (fill_version()).
Result<void> fill(Node& node, const worker::VersionRecord& version, const std::function<void(std::uint64_t)>& progress,
                  const std::stop_token& cancelled);

/// Runs both stages in a version until everything that is in the log when it is called is counted; then says so in its
/// row. `progress` hears how many records are left. Errors: of the stores and stages; kCancelled.
Result<void> catch_up(Node& node, const worker::VersionRecord& version, const ReplayWish& wish,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

}  // namespace guidepost::app
