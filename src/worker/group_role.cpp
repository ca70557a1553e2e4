#include "worker/group_role.hpp"

#include "base/log.hpp"

namespace guidepost::worker {

GroupRole::GroupRole(std::string name, EventLog& log, GroupOptions options, std::vector<Executor*> threads, Make make,
                     Failed failed)
    : name_(std::move(name)),
      log_(log),
      options_(std::move(options)),
      threads_(std::move(threads)),
      make_(std::move(make)),
      on_failed_(std::move(failed)),
      control_(name_ + "-group") {}

GroupRole::~GroupRole() { stop(std::chrono::milliseconds{0}); }

void GroupRole::start() {
  // The listener may hear of partitions before join() has returned: assigned() waits for the member here.
  std::lock_guard lock(mutex_);
  member_ = log_.join(options_, *this, control_);
}

void GroupRole::assigned(Partition partition, std::string topic_id) {
  const auto thread = static_cast<std::size_t>(partition.value) % threads_.size();
  GroupMember* member = nullptr;
  {
    std::lock_guard lock(mutex_);
    member = member_.get();
  }
  auto worker = make_(partition, std::move(topic_id), *member, thread);
  {
    std::lock_guard lock(mutex_);
    partitions_[partition] = {worker, threads_[thread]};
    assigned_once_ = true;
  }
  log::info("partition_assigned", {{"role", name_}, {"partition", partition.value}});
  threads_[thread]->post([worker] { worker->start(); });
}

void GroupRole::revoking(Partition partition, Task done) {
  const auto all = owned();
  const auto found = all.find(partition);
  if (found == all.end()) return done();
  log::info("partition_revoked", {{"role", name_}, {"partition", partition.value}});
  auto forget = [this, partition, worker = found->second.worker, done = std::make_shared<Task>(std::move(done))] {
    {
      std::lock_guard lock(mutex_);
      const auto mine = partitions_.find(partition);
      if (mine != partitions_.end() && mine->second.worker == worker) partitions_.erase(mine);
    }
    (*done)();
  };
  found->second.thread->post([worker = found->second.worker, forget] { worker->drain(forget); });
}

void GroupRole::lost(Partition partition) {
  Owned gone;
  {
    std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return;
    gone = std::move(found->second);
    partitions_.erase(found);
  }
  log::warn("partition_lost", {{"role", name_}, {"partition", partition.value}});
  gone.thread->post([worker = gone.worker] { worker->close(); });
}

void GroupRole::failed(Error error) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(reported_, true)) return;
  }
  log::error("role_failed", {{"role", name_}, {"error", to_string(error.code)}, {"message", error.message}});
  on_failed_(std::move(error));
}

void GroupRole::partition_failed(Partition, Error error) { failed(std::move(error)); }

bool GroupRole::stop(std::chrono::milliseconds deadline) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return true;
  }
  bool drained = true;
  if (member_) {
    auto left = std::make_shared<std::promise<void>>();
    auto answer = left->get_future();
    member_->leave({inline_executor(), [left](const Result<void>&) { left->set_value(); }});
    drained = answer.wait_for(deadline) == std::future_status::ready;
  }
  control_.stop();  // no partition is assigned any more
  // What has not drained is closed on its own thread, and everyone waits for that: after this nothing runs.
  for (const auto& [partition, owned] : owned()) {
    auto closed = std::make_shared<std::promise<void>>();
    auto answer = closed->get_future();
    owned.thread->post([worker = owned.worker, closed] {
      worker->close();
      closed->set_value();
    });
    answer.wait();
  }
  member_.reset();
  std::lock_guard lock(mutex_);
  partitions_.clear();
  log::info("role_stopped", {{"role", name_}, {"drained", drained ? "yes" : "no"}});
  return drained;
}

void GroupRole::flush() {
  for (const auto& [partition, owned] : owned()) owned.thread->post([worker = owned.worker] { worker->flush(); });
}

std::map<Partition, GroupRole::Owned> GroupRole::owned() const {
  std::lock_guard lock(mutex_);
  return partitions_;
}

std::vector<PartitionStatus> GroupRole::status() const {
  std::vector<PartitionStatus> all;
  for (const auto& [partition, owned] : owned()) all.push_back(owned.worker->status());
  return all;
}

bool GroupRole::ready() const {
  {
    std::lock_guard lock(mutex_);
    if (!assigned_once_ || reported_ || stopped_) return false;
  }
  for (const auto& partition : status()) {
    if (partition.phase != "running" && partition.phase != "waiting") return false;
  }
  return true;
}

}  // namespace guidepost::worker
