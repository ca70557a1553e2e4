#include "ports/local_group_state.hpp"

namespace guidepost {

using namespace local_groups;

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

}  // namespace guidepost
