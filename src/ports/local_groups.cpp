#include "ports/local_groups.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace guidepost {
namespace {

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

}  // namespace

struct LocalGroups::State : std::enable_shared_from_this<LocalGroups::State> {
  State(EventLog& l, CommitStore& c, Executor& t) : log(l), commits(c), timer(t) {}

  EventLog& log;
  CommitStore& commits;
  Executor& timer;
  std::mutex mutex;
  std::map<GroupKey, Group> groups;
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
    GroupKey group;
    SlotKey slot;
    std::uint64_t member;
  };

  void joined(const Place& place, Result<std::optional<TopicState>> topic);
  void fail_group(const GroupKey& key, const Error& error, Leftovers& after);
  void settle(const GroupKey& key, Leftovers& after);
  void assign(const GroupKey& key, Slot& slot, Partition partition);
  void revoke(const GroupKey& key, const SlotKey& slot_key, Slot& slot, Partition partition, Leftovers& after);
  void released(const Place& place, Partition partition, std::uint64_t token, bool too_late);
  void finish_leaving(const GroupKey& key, const SlotKey& slot_key, Leftovers& after);
  void vacate(const GroupKey& key, const SlotKey& slot_key, Leftovers& after);
  void expire(const Place& place);
  void depart(const Place& place);
  void leave(const Place& place, Completion<void> done);

  /// The slot of a member that still is one, else nullptr.
  Slot* find(const Place& place) {
    const auto group = groups.find(place.group);
    if (group == groups.end()) return nullptr;
    const auto slot = group->second.slots.find(place.slot);
    if (slot == group->second.slots.end() || slot->second.member != place.member) return nullptr;
    return &slot->second;
  }
  static void drop(Owned& owned, Leftovers& after) {
    if (owned.reader) after.readers.push_back(std::move(owned.reader));
  }
};

void LocalGroups::State::joined(const Place& place, Result<std::optional<TopicState>> topic) {
  Leftovers after;
  std::lock_guard lock(mutex);
  Slot* slot = find(place);
  if (slot == nullptr) return;
  const auto known = groups.find(place.group);
  const bool not_made_yet = topic && !*topic && (known == groups.end() || !known->second.topic);
  if (not_made_yet || (!topic && topic.error().retryable())) {
    std::weak_ptr<State> weak = weak_from_this();
    timer.post_after(std::chrono::milliseconds{100}, [weak, place] {
      const auto self = weak.lock();
      if (!self) return;
      self->log.describe_topic(place.group.second,
                               Completion<std::optional<TopicState>>(self->timer, [weak, place](auto again) {
                                 if (const auto alive = weak.lock()) alive->joined(place, std::move(again));
                               }));
    });
    return;
  }
  if (!topic) {
    Mailbox::post(slot->mailbox, [error = topic.error()](GroupListener& l) { l.failed(error); });
    for (auto& [_, owned] : slot->owned) drop(owned, after);
    if (slot->leaving) after.answers.emplace_back(std::move(*slot->leaving), Result<void>{});
    groups[place.group].slots.erase(place.slot);
    settle(place.group, after);
    return;
  }
  if (!*topic) {
    fail_group(place.group, {ErrorCode::kNotFound, "topic " + place.group.second + " was deleted"}, after);
    return;
  }
  auto& group = groups[place.group];
  if (group.topic && group.topic->id != (*topic)->id) {
    fail_group(place.group, {ErrorCode::kTopicChanged, "topic " + place.group.second + " was deleted and made again"},
               after);
    return;
  }
  group.topic = **topic;
  // A slot that was kept: its partitions are told again, to the member that has come back.
  for (auto& [partition, owned] : slot->owned) {
    if (!owned.told) assign(place.group, *slot, partition);
  }
  settle(place.group, after);
}

/// Ends all memberships of a group; who is away has lost the slot.
void LocalGroups::State::fail_group(const GroupKey& key, const Error& error, Leftovers& after) {
  const auto group = groups.find(key);
  if (group == groups.end()) return;
  for (auto& [_, slot] : group->second.slots) {
    if (slot.leaving) after.answers.emplace_back(std::move(*slot.leaving), Result<void>{});
    for (auto& [partition, owned] : slot.owned) {
      drop(owned, after);
      if (owned.told) Mailbox::post(slot.mailbox, [partition](GroupListener& l) { l.lost(partition); });
    }
    if (slot.mailbox) Mailbox::post(slot.mailbox, [error](GroupListener& l) { l.failed(error); });
  }
  groups.erase(group);
}

/// Brings ownership nearer to the assignment: revokes what should be elsewhere, gives out what is free.
void LocalGroups::State::settle(const GroupKey& key, Leftovers& after) {
  const auto found = groups.find(key);
  if (found == groups.end()) return;
  auto& group = found->second;
  if (!group.topic) return;
  std::vector<std::pair<const SlotKey, Slot>*> members;
  for (auto& entry : group.slots) {
    if (!entry.second.leaving || entry.second.named()) members.push_back(&entry);
  }
  if (members.empty()) return;
  std::map<Partition, std::pair<const SlotKey, Slot>*> owners;
  for (auto& entry : group.slots) {
    for (const auto& [partition, _] : entry.second.owned) owners[partition] = &entry;
  }
  // Kafka's range: consecutive partitions, the first members one more where it does not divide.
  const auto partitions = static_cast<std::size_t>(group.topic->partitions);
  const std::size_t each = partitions / members.size();
  const std::size_t more = partitions % members.size();
  std::size_t next = 0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    for (std::size_t n = 0; n < each + (m < more ? 1 : 0); ++n, ++next) {
      const Partition partition{static_cast<std::int32_t>(next)};
      auto* target = members[m];
      if (const auto ban = group.banned.find(partition); ban != group.banned.end() && members.size() > 1) {
        if (ban->second == target->first) target = members[(m + 1) % members.size()];
      }
      const auto owner = owners.find(partition);
      if (owner == owners.end()) {
        assign(key, target->second, partition);
      } else if (owner->second != target) {
        auto& slot = owner->second->second;
        const bool known = slot.owned[partition].told;
        revoke(key, owner->second->first, slot, partition, after);
        if (!known) assign(key, target->second, partition);
      }
    }
  }
}

void LocalGroups::State::assign(const GroupKey& key, Slot& slot, Partition partition) {
  auto& owned = slot.owned[partition];
  owned.token = ++last_number;
  if (!slot.mailbox || slot.leaving) return;
  owned.told = true;
  Mailbox::post(slot.mailbox, [partition, id = groups[key].topic->id](GroupListener& l) { l.assigned(partition, id); });
}

/// Asks the member to let go; what its listener does not know of is taken at once.
void LocalGroups::State::revoke(const GroupKey& key, const SlotKey& slot_key, Slot& slot, Partition partition,
                                Leftovers& after) {
  auto& owned = slot.owned[partition];
  if (owned.revoking) return;
  drop(owned, after);
  if (!owned.told) {
    slot.owned.erase(partition);
    return;
  }
  owned.revoking = true;
  const Place place{key, slot_key, slot.member};
  std::weak_ptr<State> weak = weak_from_this();
  const auto token = owned.token;
  Task done = [weak, place, partition, token] {
    if (const auto self = weak.lock()) self->released(place, partition, token, false);
  };
  Mailbox::post(slot.mailbox, [partition, done = std::move(done)](GroupListener& l) mutable {
    l.revoking(partition, std::move(done));
  });
  timer.post_after(slot.options.revoke_deadline, [weak, place, partition, token] {
    if (const auto self = weak.lock()) self->released(place, partition, token, true);
  });
}

void LocalGroups::State::released(const Place& place, Partition partition, std::uint64_t token, bool too_late) {
  Leftovers after;
  std::lock_guard lock(mutex);
  Slot* slot = find(place);
  if (slot == nullptr) return;
  const auto owned = slot->owned.find(partition);
  if (owned == slot->owned.end() || owned->second.token != token || !owned->second.revoking) return;
  if (too_late && slot->mailbox) Mailbox::post(slot->mailbox, [partition](GroupListener& l) { l.lost(partition); });
  if (slot->leaving && slot->named()) {
    owned->second = Owned{};  // stays with the slot
  } else {
    slot->owned.erase(owned);
  }
  if (slot->leaving && !slot->revoking()) {
    finish_leaving(place.group, place.slot, after);
  } else {
    settle(place.group, after);
  }
}

void LocalGroups::State::finish_leaving(const GroupKey& key, const SlotKey& slot_key, Leftovers& after) {
  auto& slot = groups[key].slots.at(slot_key);
  after.answers.emplace_back(std::move(*slot.leaving), Result<void>{});
  slot.leaving.reset();
  vacate(key, slot_key, after);
}

/// The member is gone. A named one's slot waits for it, another's partitions are given out.
void LocalGroups::State::vacate(const GroupKey& key, const SlotKey& slot_key, Leftovers& after) {
  auto& group = groups[key];
  auto& slot = group.slots.at(slot_key);
  group.banned.clear();
  for (auto& [_, owned] : slot.owned) {
    drop(owned, after);
    owned.told = false;
  }
  if (slot.leaving)
    after.answers.emplace_back(std::move(*slot.leaving), fail(ErrorCode::kCancelled, "the member was closed"));
  slot.leaving.reset();
  if (!slot.named()) {
    group.slots.erase(slot_key);
    if (group.slots.empty()) {
      groups.erase(key);
    } else {
      settle(key, after);
    }
    return;
  }
  slot.mailbox = nullptr;
  slot.member = ++last_number;
  std::erase_if(slot.owned, [](const auto& entry) { return entry.second.revoking; });
  std::weak_ptr<State> weak = weak_from_this();
  timer.post_after(slot.options.session_timeout, [weak, place = Place{key, slot_key, slot.member}] {
    if (const auto self = weak.lock()) self->expire(place);
  });
  settle(key, after);
}

/// A named member has not come back in time.
void LocalGroups::State::expire(const Place& place) {
  Leftovers after;
  std::lock_guard lock(mutex);
  if (find(place) == nullptr) return;
  auto& group = groups[place.group];
  group.slots.erase(place.slot);
  if (group.slots.empty()) {
    groups.erase(place.group);
  } else {
    settle(place.group, after);
  }
}

void LocalGroups::State::depart(const Place& place) {
  Leftovers after;
  std::lock_guard lock(mutex);
  if (find(place) != nullptr) vacate(place.group, place.slot, after);
}

void LocalGroups::State::leave(const Place& place, Completion<void> done) {
  Leftovers after;
  std::lock_guard lock(mutex);
  Slot* slot = find(place);
  if (slot == nullptr || slot->leaving) {
    after.answers.emplace_back(std::move(done), Result<void>{});
    return;
  }
  slot->leaving.emplace(std::move(done));
  for (auto& [partition, owned] : slot->owned) {
    if (owned.told) revoke(place.group, place.slot, *slot, partition, after);
  }
  if (!slot->revoking()) finish_leaving(place.group, place.slot, after);
}

namespace {

/// One member, told apart from earlier ones of the same name by its number.
class LocalMember final : public GroupMember {
 public:
  LocalMember(std::shared_ptr<LocalGroups::State> state, LocalGroups::State::Place place,
              std::shared_ptr<Mailbox> mailbox)
      : state_(std::move(state)), place_(std::move(place)), mailbox_(std::move(mailbox)) {}

  ~LocalMember() override {
    mailbox_->close();
    state_->depart(place_);
  }

  void committed(Partition partition, Completion<std::optional<Commit>> done) override {
    state_->log.committed(place_.group.first, {place_.group.second, partition}, std::move(done));
  }

  void start(Partition partition, Offset from) override {
    std::shared_ptr<LogReader> reader = state_->log.read({place_.group.second, partition}, from);
    std::lock_guard lock(state_->mutex);
    if (Owned* owned = owned_now(partition)) std::swap(owned->reader, reader);
  }

  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    std::shared_ptr<LogReader> reader;
    bool ours = false;
    {
      std::lock_guard lock(state_->mutex);
      if (const Owned* owned = owned_now(partition)) {
        ours = true;
        reader = owned->reader;
      }
    }
    if (reader) return reader->fetch(limits, std::move(done));
    if (ours) return done(fail(ErrorCode::kInvalidArgument, "fetch of a partition that was not started"));
    done(not_ours(partition));
  }

  void commit(Partition partition, Commit commit, Completion<void> done) override {
    if (auto ok = check(commit); !ok) return done(ok);
    std::string topic_id;
    {
      std::lock_guard lock(state_->mutex);
      const Slot* slot = state_->find(place_);
      if (slot != nullptr && slot->owned.contains(partition)) topic_id = state_->groups[place_.group].topic->id;
    }
    if (topic_id.empty()) return done(not_ours(partition));
    state_->commits.store_commit(place_.group.first, {place_.group.second, partition}, std::move(topic_id),
                                 std::move(commit), std::move(done));
  }

  void leave(Completion<void> done) override { state_->leave(place_, std::move(done)); }

 private:
  Owned* owned_now(Partition partition) {
    Slot* slot = state_->find(place_);
    if (slot == nullptr) return nullptr;
    const auto owned = slot->owned.find(partition);
    return owned == slot->owned.end() || owned->second.revoking ? nullptr : &owned->second;
  }
  tl::unexpected<Error> not_ours(Partition partition) const {
    return fail(ErrorCode::kCancelled, "partition " + std::to_string(partition.value) + " of " + place_.group.second +
                                           " is not this member's");
  }

  std::shared_ptr<LocalGroups::State> state_;
  LocalGroups::State::Place place_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace

LocalGroups::LocalGroups(EventLog& log, CommitStore& commits, Executor& timer)
    : state_(std::make_shared<State>(log, commits, timer)) {}

LocalGroups::~LocalGroups() = default;

std::unique_ptr<GroupMember> LocalGroups::join(GroupOptions options, GroupListener& listener, Executor& where) {
  auto mailbox = std::make_shared<Mailbox>(listener, where);
  State::Place place;
  {
    State::Leftovers after;
    std::lock_guard lock(state_->mutex);
    const auto number = ++state_->last_number;
    const bool named = !options.member.empty();
    place = {{options.group, options.topic}, {!named, options.member, named ? 0 : number}, number};
    auto& group = state_->groups[place.group];
    group.banned.clear();
    auto& slot = group.slots[place.slot];
    if (slot.leaving) after.answers.emplace_back(std::move(*slot.leaving), Result<void>{});
    slot.leaving.reset();
    for (auto& [partition, owned] : slot.owned) {
      if (owned.told) Mailbox::post(slot.mailbox, [partition](GroupListener& l) { l.lost(partition); });
      State::drop(owned, after);
      owned = Owned{};
    }
    if (slot.mailbox) {
      Mailbox::post(slot.mailbox, [name = options.member](GroupListener& l) {
        l.failed({ErrorCode::kCancelled, "another member has joined with the name " + name});
      });
    }
    slot.member = number;
    slot.options = std::move(options);
    slot.mailbox = mailbox;
  }
  std::weak_ptr<State> weak = state_;
  state_->log.describe_topic(place.group.second,
                             Completion<std::optional<TopicState>>(state_->timer, [weak, place](auto topic) {
                               if (const auto self = weak.lock()) self->joined(place, std::move(topic));
                             }));
  return std::make_unique<LocalMember>(state_, place, std::move(mailbox));
}

void LocalGroups::topic_deleted(const std::string& topic) {
  State::Leftovers after;
  std::lock_guard lock(state_->mutex);
  std::vector<GroupKey> keys;
  for (const auto& [key, _] : state_->groups) {
    if (key.second == topic) keys.push_back(key);
  }
  for (const auto& key : keys)
    state_->fail_group(key, {ErrorCode::kNotFound, "topic " + topic + " was deleted"}, after);
}

void LocalGroups::lose(const std::string& group, const TopicPartition& partition) {
  State::Leftovers after;
  std::lock_guard lock(state_->mutex);
  const GroupKey key{group, partition.topic};
  const auto found = state_->groups.find(key);
  if (found == state_->groups.end()) return;
  for (auto& [slot_key, slot] : found->second.slots) {
    const auto owned = slot.owned.find(partition.partition);
    if (owned == slot.owned.end()) continue;
    if (owned->second.told) Mailbox::post(slot.mailbox, [p = partition.partition](GroupListener& l) { l.lost(p); });
    State::drop(owned->second, after);
    slot.owned.erase(owned);
    found->second.banned[partition.partition] = slot_key;
    break;
  }
  state_->settle(key, after);
}

}  // namespace guidepost
