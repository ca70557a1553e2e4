// Making another version of the outputs beside the published one, from what the log holds.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/node.hpp"
#include "app/sources.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {

/// What a replay would read, and what it would lose.
struct ReplayPlan {
  worker::Published published;
  std::optional<worker::VersionRecord> unfinished;  ///< an earlier replay that has not caught up
  struct Part {
    worker::Source source;
    LogBounds raw;         ///< what the log still holds
    std::int64_t lost = 0; ///< offsets that the published version has counted and the log no longer holds
    bool current = true;   ///< false: of a topic that is no more, or was made again
  };
  std::vector<Part> parts;
  std::uint32_t next_version = 2;
  std::optional<RunId> latest_run;  ///< the newest mapping that was published

  std::uint64_t records() const;
  std::uint64_t lost() const;
};

/// Errors: of the stores.
Result<ReplayPlan> plan_replay(Node& node, const std::stop_token& cancelled);

struct ReplayWish {
  bool latest_mapping = true;  ///< else the markers alone, as it was
  std::uint64_t rate = 0;      ///< records a second and partition; 0: as fast as it goes
};

/// Makes the version of a plan: topic, tables, floors, its row. Done again after a crash it finds what is there.
/// Errors: of the stores; kFailed (what cannot be made).
Result<worker::VersionRecord> make_version(Node& node, const ReplayPlan& plan, const ReplayWish& wish,
                                           const std::stop_token& cancelled);

/// Deletes the tables and the topic of a version, and says so in its row; `told` hears of each. Done again it finishes what
/// was begun. Errors: of the stores; kInvalidArgument (the version is read, or there is none of that number).
Result<void> drop_version(Node& node, std::uint32_t version, const std::function<void(const std::string&)>& told,
                          const std::stop_token& cancelled);

/// Runs both stages in a version until everything that is in the log when it is called is counted; then says so in its
/// row. `progress` hears how many records are left. Errors: of the stores and stages; kCancelled.
Result<void> catch_up(Node& node, const worker::VersionRecord& version, const ReplayWish& wish,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

}  // namespace guidepost::app
