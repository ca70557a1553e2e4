// The state machine of one owned partition: what ingest and aggregate have in common.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "guidepost/base/executor.hpp"
#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/ports/event_log.hpp"
#include "worker/completeness.hpp"
#include "worker/gap_table.hpp"
#include "worker/partition_metrics.hpp"
#include "worker/retry.hpp"

namespace guidepost::worker {

/// A view of one partition, for status, readiness and tests.
struct PartitionStatus {
  Partition partition;
  std::optional<SourceId> source;
  std::string phase;          ///< recovering, running, waiting (for an operator: `gap`), draining, stopped
  Offset position;            ///< of what it reads: everything below was taken
  Offset committed;           ///< the group's commit
  std::uint64_t pending = 0;  ///< bytes of blocks or puts without an acknowledgement
  /// Decided offsets whose blocks are missing in the resolved log: [from, to) is in no number.
  std::optional<std::pair<Offset, Offset>> missing;
  std::optional<Gap> gap;  ///< raw records that are gone: it waits until they are given up
  std::optional<Error> failure;
};

/// Runs on one thread from assignment to drain or close: fetches, and what it fetched is taken by the kind;
/// commits in intervals; fails once. Held by a shared_ptr: whoever waits for an answer keeps it.
/// Thread: its executor's, but status() which is any. Blocks: never.
class PartitionWorker : public std::enable_shared_from_this<PartitionWorker> {
 public:
  /// Told of a permanent failure, once, after the worker has closed.
  using Failed = std::function<void(Partition, Error)>;

  /// `role` is for the log. `executor` and `member` outlive the worker.
  PartitionWorker(std::string_view role, Executor& executor, GroupMember& member, Partition partition, Failed failed);
  virtual ~PartitionWorker() = default;
  PartitionWorker(const PartitionWorker&) = delete;
  PartitionWorker& operator=(const PartitionWorker&) = delete;

  /// Shows it among the metrics from now on. Before start(); of each stage one worker of a partition.
  void show_metrics();
  virtual void start() = 0;
  /// Stops intake, makes durable what is cheap, commits, then calls `done`, once. Nothing of the
  /// partition is used afterwards.
  void drain(Task done);
  /// Drops everything at once: nothing is written or committed any more.
  void close();
  /// Makes everything taken so far durable and commits it soon, without stopping.
  virtual void flush() {}
  PartitionStatus status() const;

  Executor& executor() { return executor_; }
  bool closed() const { return closed_; }

 protected:
  /// Takes what was fetched; the next fetch is the kind's to ask for.
  virtual void fetched(std::unique_ptr<LogBatch> batch) = 0;
  /// The log does not hold what was to be fetched.
  virtual void out_of_range(Error error) { fail_partition(std::move(error)); }
  /// Sends a commit where there is something to commit; comes in intervals.
  virtual void commit() = 0;
  /// A commit was answered.
  virtual void commit_answered() = 0;
  /// Intake has ended: makes durable what it can, then calls close(), now or later.
  virtual void finish() = 0;
  /// Lets go of everything; nothing of it may call back.
  virtual void drop() = 0;
  virtual void describe(PartitionStatus& status) const = 0;

  bool draining() const { return draining_; }
  /// Whether it is among the metrics.
  bool shown() const { return metrics_.has_value(); }
  /// Asks for the next records, unless that is under way already or the end has come.
  void fetch(FetchLimits limits);
  bool fetching() const { return fetching_; }
  /// Commits in this interval from now on.
  void commit_every(std::chrono::milliseconds interval);
  /// Looks now and then where the log ends, for the metrics. Once, when `committed_` is known.
  void watch_lag(EventLog& log, TopicPartition of);
  /// Whether a commit is being made; the kind asks before it begins one.
  bool committing() const { return committing_; }
  void begin_commit() { committing_ = true; }
  /// The group's part of it, which ends it.
  void send_commit(Commit commit);
  /// The commit under way, if any, is none of ours any more.
  void forget_commit();
  /// Refreshes what status() shows.
  void report();
  void report(std::string phase);
  void fail_partition(Error error);
  /// Asks until there is an answer and hands it to `done`; a permanent error fails the partition.
  template <class T, class Ask, class Done>
  void ask(std::string_view what, Ask ask, Done done);

  const Partition partition_;
  Offset committed_;

 private:
  void ask_for_batch(FetchLimits limits);

  std::string_view role_;
  Executor& executor_;
  GroupMember& member_;
  Failed failed_;
  bool closed_ = false;
  bool draining_ = false;
  Task drained_;
  bool fetching_ = false;
  Backoff fetch_backoff_;
  bool committing_ = false;
  std::uint64_t commits_forgotten_ = 0;
  Completeness completeness_;
  std::optional<PartitionMetrics> metrics_;  ///< where it is shown, until it closes
  mutable std::mutex status_mutex_;
  PartitionStatus status_;
};

template <class T, class Ask, class Done>
void PartitionWorker::ask(std::string_view what, Ask ask, Done done) {
  ask_until_answered<T>(shared_from_this(), what, std::move(ask),
                        [this, done = std::move(done)](Result<T> result) mutable {
                          if (!result) return fail_partition(result.error());
                          if constexpr (std::is_void_v<T>) {
                            done();
                          } else {
                            done(std::move(*result));
                          }
                        });
}

}  // namespace guidepost::worker
