#include "worker/partition_worker.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace guidepost::worker {
namespace {

/// How often the log's end is looked at: what lag and completeness are known to.
constexpr std::chrono::milliseconds kLookAtEnd{5000};

}  // namespace

PartitionWorker::PartitionWorker(std::string_view role, Executor& executor, GroupMember& member, Partition partition,
                                 Failed failed)
    : partition_(partition), role_(role), executor_(executor), member_(member), failed_(std::move(failed)) {
  status_.partition = partition;
  status_.phase = "recovering";
}

void PartitionWorker::show_metrics() {
  metrics_.emplace(role_, partition_);
  metrics_->show(status_, completeness_);
}

void PartitionWorker::fetch(FetchLimits limits) {
  if (fetching_ || draining_ || closed_) return;
  fetching_ = true;
  ask_for_batch(limits);
}

// One fetch at a time, that which is repeated after a failure included: of two answers the second would take the place of
// the first.
void PartitionWorker::ask_for_batch(FetchLimits limits) {
  member_.fetch(partition_, limits,
                {executor_, [this, limits, alive = shared_from_this()](Result<std::unique_ptr<LogBatch>> batch) {
                   if (!batch && batch.error().retryable())
                     return executor_.post_after(fetch_backoff_.next(), [this, limits, alive] {
                       if (!closed_ && !draining_) ask_for_batch(limits);
                     });
                   fetching_ = false;
                   if (closed_ || draining_) return;
                   if (batch) {
                     fetch_backoff_.reset();
                     if (const auto& records = (*batch)->records(); !records.empty())
                       completeness_.ended(records.front().offset, std::min(records.front().time, executor_.wall()));
                     return fetched(std::move(*batch));
                   }
                   if (batch.error().code == ErrorCode::kCancelled) return;  // revoked: drain or close follows
                   if (batch.error().code == ErrorCode::kOutOfRange) return out_of_range(batch.error());
                   fail_partition(batch.error());
                 }});
}

void PartitionWorker::commit_every(std::chrono::milliseconds interval) {
  executor_.post_after(interval, [this, interval, alive = shared_from_this()] {
    if (closed_) return;
    commit();
    commit_every(interval);
  });
}

void PartitionWorker::watch_lag(EventLog& log, TopicPartition of) {
  const auto now = executor_.wall();  // what comes in while it is asked counts as later
  log.bounds(of, {executor_, [this, &log, of, now, alive = shared_from_this()](const Result<LogBounds>& bounds) {
                    if (closed()) return;
                    if (bounds) completeness_.ended(bounds->end, now);
                    report();
                    executor_.post_after(kLookAtEnd, [this, &log, of, alive] {
                      if (!closed()) watch_lag(log, of);
                    });
                  }});
}

void PartitionWorker::send_commit(Commit commit) {
  const auto position = commit.position;
  member_.commit(partition_, std::move(commit),
                 {executor_, [this, position, forgotten = commits_forgotten_,
                              alive = shared_from_this()](const Result<void>& result) {
                    if (closed_ || forgotten != commits_forgotten_) return;
                    committing_ = false;
                    if (!result && !result.error().retryable() && result.error().code != ErrorCode::kCancelled)
                      return fail_partition(result.error());
                    // One that does not come through costs repeated work, nothing else: the next one carries it.
                    // While draining there is no next one.
                    if (result || draining_) committed_ = position;
                    if (result && metrics_) metrics_->committed(executor_.wall());
                    report();
                    commit_answered();
                  }});
}

void PartitionWorker::forget_commit() {
  committing_ = false;
  ++commits_forgotten_;
}

void PartitionWorker::drain(Task done) {
  if (closed_) return done();
  draining_ = true;
  drained_ = std::move(done);
  report("draining");
  finish();
}

void PartitionWorker::close() {
  closed_ = true;
  metrics_.reset();
  drop();
  report("stopped");
  if (drained_) std::exchange(drained_, Task{})();
}

void PartitionWorker::fail_partition(Error error) {
  if (closed_) return;
  log::error(
      "partition_stops",
      {{"role", role_}, {"partition", partition_.value}, {"error", to_string(error.code)}, {"message", error.message}});
  {
    std::lock_guard lock(status_mutex_);
    status_.failure = error;
  }
  close();
  failed_(partition_, std::move(error));
}

void PartitionWorker::report() {
  std::lock_guard lock(status_mutex_);
  status_.committed = committed_;
  describe(status_);
  completeness_.done(committed_);
  if (metrics_) metrics_->show(status_, completeness_);
}

void PartitionWorker::report(std::string phase) {
  {
    std::lock_guard lock(status_mutex_);
    status_.phase = std::move(phase);
  }
  report();
}

PartitionStatus PartitionWorker::status() const {
  std::lock_guard lock(status_mutex_);
  return status_;
}

}  // namespace guidepost::worker
