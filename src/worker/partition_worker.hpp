// What a role knows of the state machine of one partition.
#pragma once

#include <optional>
#include <string>

#include "guidepost/base/executor.hpp"
#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::worker {

/// A view of one partition, for status, readiness and tests.
struct PartitionStatus {
  Partition partition;
  std::optional<SourceId> source;
  std::string phase;      ///< recovering, running, draining, stopped
  Offset position;        ///< of what it reads: everything below was taken
  Offset committed;       ///< the group's commit
  Offset end;             ///< end of what it reads, as last seen
  std::uint64_t pending = 0;  ///< work not durable yet: bytes of blocks, dirty pages
  std::optional<Error> failure;
};

/// The single-threaded state machine of one owned partition.
/// Thread: its executor's, but status() which is any. Blocks: never.
class PartitionWorker {
 public:
  virtual ~PartitionWorker() = default;
  virtual void start() = 0;
  /// Stops intake, makes durable what is cheap, commits, then calls `done`, once. Nothing of the
  /// partition is used afterwards.
  virtual void drain(Task done) = 0;
  /// Drops everything at once: nothing is written or committed any more.
  virtual void close() = 0;
  /// Makes everything taken so far durable and commits it soon, without stopping.
  virtual void flush() {}
  virtual PartitionStatus status() const = 0;
};

}  // namespace guidepost::worker
