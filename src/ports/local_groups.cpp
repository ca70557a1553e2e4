#include "ports/local_groups.hpp"

#include "ports/local_group_state.hpp"

namespace guidepost {

using namespace local_groups;

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
