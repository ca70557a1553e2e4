// A daemon's share of a consumer group: a state machine for each partition that it is given, on a
// few threads. What kind of state machine is the role's own business.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "guidepost/ports/event_log.hpp"
#include "worker/partition_worker.hpp"

namespace guidepost::worker {

/// Thread: any. Blocks: stop(), the destructor.
class GroupRole final : private GroupListener {
 public:
  /// Makes the state machine of a partition on thread number `thread`; called on the role's own thread.
  using Make = std::function<std::shared_ptr<PartitionWorker>(Partition partition, std::string topic_id,
                                                              GroupMember& member, std::size_t thread)>;
  /// Told once of the first permanent failure of a partition or of the membership: the process should
  /// drain and end, a restart begins at the last commit.
  using Failed = std::function<void(Error)>;

  GroupRole(std::string name, EventLog& log, GroupOptions options, std::vector<Executor*> threads, Make make,
            Failed failed);
  ~GroupRole() override;
  GroupRole(const GroupRole&) = delete;
  GroupRole& operator=(const GroupRole&) = delete;

  void start();
  /// Leaves the group: every partition drains and commits, for at most `deadline`; then all is dropped.
  /// Whether everything was drained in time; where not, nothing is lost but work.
  bool stop(std::chrono::milliseconds deadline);
  /// Makes durable soon what was taken so far.
  void flush();
  /// For a PartitionWorker to report that it stops.
  void partition_failed(Partition partition, Error error);

  std::vector<PartitionStatus> status() const;
  /// Whether it has joined, nothing failed, and every partition is running, or waits for an operator: the others work.
  bool ready() const;

 private:
  struct Owned {
    std::shared_ptr<PartitionWorker> worker;
    Executor* thread;
  };
  void assigned(Partition partition, std::string topic_id) override;
  void revoking(Partition partition, Task done) override;
  void lost(Partition partition) override;
  void failed(Error error) override;
  std::map<Partition, Owned> owned() const;

  std::string name_;
  EventLog& log_;
  GroupOptions options_;
  std::vector<Executor*> threads_;
  Make make_;
  Failed on_failed_;
  mutable std::mutex mutex_;
  std::map<Partition, Owned> partitions_;
  bool assigned_once_ = false;
  bool reported_ = false;
  bool stopped_ = false;
  ThreadExecutor control_;  // the listener's calls
  std::unique_ptr<GroupMember> member_;
};

}  // namespace guidepost::worker
