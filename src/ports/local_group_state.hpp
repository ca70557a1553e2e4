// The state of LocalGroups: who owns which partition, and who is leaving, losing or coming.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ports/local_groups.hpp"

namespace guidepost {
namespace local_groups {

/// Carries calls to a listener, and none after it was closed. The mutex is recursive because a
/// listener may destroy its member inside of a call.
class Mailbox {
 public:
  Mailbox(GroupListener& listener, Executor& where) : listener_(&listener), where_(&where) {}

  /// `call` runs as call(listener) on the listener's executor.
  template <class F>
  static void post(const std::shared_ptr<Mailbox>& self, F call) {
    self->where_->post([self, call = std::move(call)]() mutable {
      std::lock_guard lock(self->mutex_);
      if (self->listener_ != nullptr) call(*self->listener_);
    });
  }
  void close() {
    std::lock_guard lock(mutex_);
    listener_ = nullptr;
  }

 private:
  std::recursive_mutex mutex_;
  GroupListener* listener_;
  Executor* where_;
};

/// A partition that a slot owns.
struct Owned {
  std::uint64_t token = 0;  ///< of this ownership: late answers and deadlines of earlier ones are known by it
  bool revoking = false;
  bool told = false;  ///< the member's listener knows that it owns it
  std::shared_ptr<LogReader> reader;
};

/// A member's place in its group. Without a mailbox: kept for a named member that is away.
struct Slot {
  std::uint64_t member = 0;
  GroupOptions options;
  std::shared_ptr<Mailbox> mailbox;
  std::map<Partition, Owned> owned;
  std::optional<Completion<void>> leaving;
  bool named() const { return !options.member.empty(); }
  bool revoking() const {
    for (const auto& [_, owned_one] : owned) {
      if (owned_one.revoking) return true;
    }
    return false;
  }
};

/// Named slots first; then the order of joining.
using SlotKey = std::tuple<bool, std::string, std::uint64_t>;

struct Group {
  std::optional<TopicState> topic;  ///< nothing until it was asked
  std::map<SlotKey, Slot> slots;
  /// Who lost a partition does not get it back while there are others, until the members change.
  std::map<Partition, SlotKey> banned;
};

using GroupKey = std::pair<std::string, std::string>;  // group, topic

}  // namespace local_groups

struct LocalGroups::State : std::enable_shared_from_this<LocalGroups::State> {
  State(EventLog& l, CommitStore& c, Executor& t) : log(l), commits(c), timer(t) {}

  EventLog& log;
  CommitStore& commits;
  Executor& timer;
  std::mutex mutex;
  std::map<local_groups::GroupKey, local_groups::Group> groups;
  std::uint64_t last_number = 0;

  /// What must be destroyed or answered only after the mutex is free: readers and completions.
  struct Leftovers {
    std::vector<std::shared_ptr<LogReader>> readers;
    std::vector<std::pair<Completion<void>, Result<void>>> answers;
    ~Leftovers() {
      for (auto& [done, result] : answers) done(std::move(result));
    }
  };

  struct Place {
    local_groups::GroupKey group;
    local_groups::SlotKey slot;
    std::uint64_t member;
  };

  void joined(const Place& place, Result<std::optional<TopicState>> topic);
  void fail_group(const local_groups::GroupKey& key, const Error& error, Leftovers& after);
  void settle(const local_groups::GroupKey& key, Leftovers& after);
  void assign(const local_groups::GroupKey& key, local_groups::Slot& slot, Partition partition);
  void revoke(const local_groups::GroupKey& key, const local_groups::SlotKey& slot_key, local_groups::Slot& slot,
              Partition partition, Leftovers& after);
  void released(const Place& place, Partition partition, std::uint64_t token, bool too_late);
  void finish_leaving(const local_groups::GroupKey& key, const local_groups::SlotKey& slot_key, Leftovers& after);
  void vacate(const local_groups::GroupKey& key, const local_groups::SlotKey& slot_key, Leftovers& after);
  void expire(const Place& place);
  void depart(const Place& place);
  void leave(const Place& place, Completion<void> done);

  /// The slot of a member that still is one, else nullptr.
  local_groups::Slot* find(const Place& place) {
    const auto group = groups.find(place.group);
    if (group == groups.end()) return nullptr;
    const auto slot = group->second.slots.find(place.slot);
    if (slot == group->second.slots.end() || slot->second.member != place.member) return nullptr;
    return &slot->second;
  }
  static void drop(local_groups::Owned& owned, Leftovers& after) {
    if (owned.reader) after.readers.push_back(std::move(owned.reader));
  }
};

}  // namespace guidepost
