// The two stages as roles: everything that a daemon needs to run one.
#pragma once

#include <memory>
#include <vector>

#include "base/names.hpp"
#include "worker/aggregate/aggregate_partition.hpp"
#include "worker/group_role.hpp"
#include "worker/ingest/ingest_options.hpp"

namespace guidepost::worker {

struct RoleOptions {
  Names names;
  std::string member;   ///< fixed name of this daemon's slot in the group; empty: none
  int threads = 1;      ///< partitions are spread over them
  bool shown = true;    ///< its partitions are among the metrics
};

/// Runs ingest for the partitions that the group gives this process.
/// Thread: any. Blocks: start (geo file), stop, destructor. Ports outlive it.
class IngestRole {
 public:
  /// Errors: those of the geo file.
  static Result<std::unique_ptr<IngestRole>> make(RoleOptions role, IngestOptions options, EventLog& log,
                                                  TableStore& tables, GroupRole::Failed failed);
  ~IngestRole();
  void start();
  bool stop(std::chrono::milliseconds deadline);
  std::vector<PartitionStatus> status() const;
  bool ready() const;

 private:
  struct Thread;
  IngestRole();
  Names names_;
  IngestOptions options_;
  std::unique_ptr<StateTable> state_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::unique_ptr<GroupRole> group_;
};

/// Runs aggregate for the partitions that the group gives this process.
/// Thread: any. Blocks: stop, destructor. Ports outlive it.
class AggregateRole {
 public:
  AggregateRole(RoleOptions role, AggregateOptions options, EventLog& log, TableStore& tables,
                GroupRole::Failed failed);
  ~AggregateRole();
  void start();
  bool stop(std::chrono::milliseconds deadline);
  /// Writes and commits what was read so far, soon, and goes on.
  void flush();
  std::vector<PartitionStatus> status() const;
  bool ready() const;

 private:
  Names names_;
  AggregateOptions options_;
  StateTable state_;
  std::vector<std::unique_ptr<ThreadExecutor>> threads_;
  std::unique_ptr<GroupRole> group_;
};

}  // namespace guidepost::worker
