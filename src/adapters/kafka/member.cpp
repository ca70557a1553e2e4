#include "adapters/kafka/member.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>
#include <vector>

#include "adapters/kafka/errors.hpp"
#include "adapters/kafka/gate.hpp"
#include "base/log.hpp"

namespace guidepost::kafka {
namespace {

/// How long one poll waits for the group. It is woken up for everything else.
constexpr int kPollMs = 500;
/// How long leaving may take after `revoking`: a coordinator that is away is not waited for.
constexpr std::chrono::seconds kCloseTime{3};

}  // namespace

/// Calls the listener on its executor, in order, and never once the member is gone.
class KafkaGroupMember::Told {
 public:
  Told(GroupListener& listener, Executor& where)
      : gate_(std::make_shared<Gate<GroupListener>>(listener)), where_(where) {}

  void tell(UniqueFunction<void(GroupListener&)> what) {
    where_.post([gate = gate_, what = std::move(what)]() mutable { gate->with(what); });
  }
  void end() { gate_->close(); }

 private:
  std::shared_ptr<Gate<GroupListener>> gate_;
  Executor& where_;
};

/// Passes on what the watch sees of the topic.
class KafkaGroupMember::Watched final : public TopicWatch::Subscriber {
 public:
  explicit Watched(KafkaGroupMember& member) : gate_(member) {}

  bool topic_seen(const Result<std::optional<TopicFacts>>& seen) override {
    const auto verdict = identity_.judge(seen);
    const bool there = seen && *seen;
    gate_.with([&](KafkaGroupMember& member) {
      const auto& topic = member.options_.topic;
      if (verdict == TopicIdentity::Verdict::kSame && there) member.topic_is(identity_.first().id);
      if (verdict == TopicIdentity::Verdict::kChanged) {
        member.give_up(there
                           ? Error{ErrorCode::kTopicChanged, fmt::format("topic {} was deleted and made again", topic)}
                           : Error{ErrorCode::kNotFound, fmt::format("topic {} was deleted", topic)});
      }
    });
    return verdict == TopicIdentity::Verdict::kChanged || there;
  }
  void end() { gate_.close(); }

 private:
  Gate<KafkaGroupMember> gate_;
  TopicIdentity identity_;
};

/// Partitions whose `done` was not called yet.
struct KafkaGroupMember::Revocation {
  std::mutex mutex;
  std::condition_variable changed;
  std::set<Partition> open;
  bool abandoned = false;

  void done(Partition partition) {
    {
      std::lock_guard lock(mutex);
      open.erase(partition);
    }
    changed.notify_all();
  }
  /// The partitions that were not done in time.
  std::set<Partition> wait(std::chrono::milliseconds deadline) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, deadline, [this] { return open.empty() || abandoned; });
    return abandoned ? std::set<Partition>{} : open;
  }
};

KafkaGroupMember::KafkaGroupMember(Shared shared, GroupOptions options, GroupListener& listener, Executor& where)
    : shared_(shared),
      options_(std::move(options)),
      told_(std::make_unique<Told>(listener, where)),
      watched_(std::make_shared<Watched>(*this)),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "kafka-group");
  shared_.watch.watch(options_.topic, watched_);
}

KafkaGroupMember::~KafkaGroupMember() {
  told_->end();
  watched_->end();
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    wake(lock);
  }
  thread_.join();
  for (auto& [partition, owned] : owned_) {
    if (owned.cursor) owned.cursor->close();
  }
}

// --- the thread -----------------------------------------------------------------------------------

void KafkaGroupMember::run() {
  if (wait_for_topic() && subscribe()) poll();
  finish();
}

bool KafkaGroupMember::stopping() { return closing_ || leave_ || failure_; }

bool KafkaGroupMember::wait_for_topic() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping() || !topic_id_.empty(); });
  return !stopping();
}

bool KafkaGroupMember::subscribe() {
  try {
    auto client = std::make_unique<Client>(RD_KAFKA_CONSUMER, member_properties(shared_.options, options_),
                                           static_cast<ClientEvents*>(this));
    std::lock_guard lock(mutex_);
    client_ = std::move(client);
    queue_.reset(rd_kafka_queue_get_consumer(client_->get()));
  } catch (const std::invalid_argument& refused) {
    give_up(Error{ErrorCode::kInvalidArgument, refused.what()});
    return false;
  }
  PartitionsHandle topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_->get(), topics.get());
  if (code) give_up(error_of(code, fmt::format("joining group {}", options_.group)));
  return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaGroupMember::poll() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (stopping()) return;
    }
    MessageHandle message(rd_kafka_consumer_poll(client_->get(), kPollMs));
    if (message && message->err) take_error(*message);
  }
}

void KafkaGroupMember::take_error(const rd_kafka_message_t& message) {
  const auto what = fmt::format("member of group {}", options_.group);
  char text[512];
  if (const auto fatal = rd_kafka_fatal_error(client_->get(), text, sizeof text)) {
    return give_up(Error{sort(fatal), fmt::format("{}: {}", what, text)});
  }
  Error error = error_of(message.err, what);
  if (const char* more = rd_kafka_message_errstr(&message)) error.message += fmt::format(": {}", more);
  switch (error.code) {
    case ErrorCode::kRefused:
    case ErrorCode::kInvalidArgument:
      return give_up(std::move(error));
    case ErrorCode::kNotFound:
      shared_.watch.look_now();
      break;
    default:
      break;
  }
  log::warn("kafka_group_waits", {{"group", options_.group}, {"error", error.message}});
}

/// Ends the membership: `revoking` while commits still work, then out of the group.
void KafkaGroupMember::finish() {
  std::optional<Error> failure;
  {
    std::lock_guard lock(mutex_);
    failure = failure_;
  }
  if (failure) {
    log::error("kafka_group_failed", {{"group", options_.group}, {"error", failure->message}});
    lose();
    told_->tell([error = *failure](GroupListener& listener) { listener.failed(error); });
  } else {
    revoke();
  }
  close_consumer();
  std::unique_ptr<Client> client;
  std::optional<Answer<void>> left;
  {
    std::lock_guard lock(mutex_);
    queue_.reset();
    client = std::move(client_);
  }
  client.reset();
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
    left = std::exchange(leave_, std::nullopt);
  }
  if (left) (*left)({});
}

void KafkaGroupMember::close_consumer() {
  if (!client_) return;
  if (ErrorHandle error{rd_kafka_consumer_close_queue(client_->get(), queue_.get())}) {
    log::debug("kafka_group_close", {{"group", options_.group}, {"error", rd_kafka_error_string(error.get())}});
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + kCloseTime;
  while (rd_kafka_consumer_closed(client_->get()) == 0 && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_queue_poll_callback(queue_.get(), 50);
  }
}

// --- partitions -----------------------------------------------------------------------------------

// Thread: ours, inside of a poll.
void KafkaGroupMember::rebalanced(rd_kafka_t* rk, rd_kafka_resp_err_t err,
                                  const rd_kafka_topic_partition_list_t* list) {
  if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    assign(*list);
    // The group has assigned them to us; this client shall fetch none.
    PartitionsHandle nothing(rd_kafka_topic_partition_list_new(0));
    rd_kafka_assign(rk, nothing.get());
    return;
  }
  if (rd_kafka_assignment_lost(rk) != 0) {
    lose();
  } else {
    revoke();  // also where they are lost in truth: then commits are refused, and nothing is worse
  }
  rd_kafka_assign(rk, nullptr);
}

void KafkaGroupMember::assign(const rd_kafka_topic_partition_list_t& list) {
  shared_.watch.look_now();  // whoever starts to read should not do so from another topic of that name
  std::lock_guard lock(mutex_);
  if (stopping()) return;  // comes too late: it goes back at once
  for (int i = 0; i < list.cnt; ++i) {
    const Partition partition{list.elems[i].partition};
    owned_.emplace(partition, Owned{});
    told_->tell([partition, id = topic_id_](GroupListener& listener) { listener.assigned(partition, id); });
  }
}

void KafkaGroupMember::revoke() {
  auto revocation = std::make_shared<Revocation>();
  std::vector<std::shared_ptr<Cursor>> cursors;
  {
    std::lock_guard lock(mutex_);
    for (auto& [partition, owned] : owned_) {
      owned.revoking = true;
      revocation->open.insert(partition);
      if (owned.cursor) cursors.push_back(std::move(owned.cursor));
    }
    revocation->abandoned = closing_;
    revocation_ = revocation;
  }
  for (const auto& cursor : cursors) cursor->close();
  const auto partitions = revocation->open;
  for (const auto partition : partitions) {
    told_->tell([partition, revocation](GroupListener& listener) {
      listener.revoking(partition, [partition, revocation] { revocation->done(partition); });
    });
  }
  const auto late = revocation->wait(options_.revoke_deadline);
  {
    std::lock_guard lock(mutex_);
    revocation_.reset();
    owned_.clear();
  }
  for (const auto partition : late) {
    log::warn("kafka_revoke_late", {{"group", options_.group}, {"partition", partition.value}});
    told_->tell([partition](GroupListener& listener) { listener.lost(partition); });
  }
}

void KafkaGroupMember::lose() {
  std::map<Partition, Owned> gone;
  {
    std::lock_guard lock(mutex_);
    gone.swap(owned_);
  }
  for (auto& [partition, owned] : gone) {
    if (owned.cursor) owned.cursor->close();
    told_->tell([p = partition](GroupListener& listener) { listener.lost(p); });
  }
}

// --- from other threads ---------------------------------------------------------------------------

void KafkaGroupMember::wake(const std::unique_lock<std::mutex>&) {
  changed_.notify_all();
  if (queue_) rd_kafka_queue_yield(queue_.get());
  if (revocation_ && closing_) {
    {
      std::lock_guard lock(revocation_->mutex);
      revocation_->abandoned = true;
    }
    revocation_->changed.notify_all();
  }
}

void KafkaGroupMember::give_up(Error error) {
  std::vector<std::shared_ptr<Cursor>> cursors;
  {
    std::unique_lock lock(mutex_);
    if (failure_) return;
    failure_ = error;
    for (auto& [partition, owned] : owned_) {
      if (owned.cursor) cursors.push_back(owned.cursor);
    }
    wake(lock);
  }
  for (const auto& cursor : cursors) cursor->break_off(error);
}

void KafkaGroupMember::topic_is(const std::string& id) {
  std::vector<std::shared_ptr<Cursor>> cursors;
  {
    std::unique_lock lock(mutex_);
    if (topic_id_.empty()) {
      topic_id_ = id;
      wake(lock);
    }
    for (auto& [partition, owned] : owned_) {
      if (owned.cursor) cursors.push_back(owned.cursor);
    }
  }
  for (const auto& cursor : cursors) cursor->confirm();
}

Error KafkaGroupMember::not_owned(Partition partition) const {
  return Error{ErrorCode::kCancelled,
               fmt::format("{}[{}] is not this member's (group {})", options_.topic, partition.value, options_.group)};
}

void KafkaGroupMember::committed(Partition partition, Completion<std::optional<Commit>> done) {
  shared_.admin.group_commit(
      options_.group, {options_.topic, partition},
      [answer = Answer<std::optional<Commit>>(std::move(done))](auto result) mutable { answer(std::move(result)); });
}

void KafkaGroupMember::start(Partition partition, Offset from) {
  auto cursor = std::make_shared<Cursor>(shared_.pool, shared_.loop, TopicPartition{options_.topic, partition}, from,
                                         [&watch = shared_.watch] { watch.look_now(); });
  std::shared_ptr<Cursor> before;
  {
    std::lock_guard lock(mutex_);
    const auto at = owned_.find(partition);
    if (at == owned_.end() || at->second.revoking) return;
    before = std::exchange(at->second.cursor, cursor);
  }
  if (before) before->close();
  if (from.value < 0) {
    cursor->break_off(Error{ErrorCode::kOutOfRange, fmt::format("{} is not an offset", from.value)});
  } else {
    cursor->open();
  }
}

void KafkaGroupMember::fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) {
  BatchAnswer answer(std::move(done));
  std::shared_ptr<Cursor> cursor;
  {
    std::unique_lock lock(mutex_);
    const auto at = owned_.find(partition);
    if (at == owned_.end() || at->second.revoking) {
      lock.unlock();
      return answer(tl::unexpected(not_owned(partition)));
    }
    cursor = at->second.cursor;
  }
  if (!cursor) return answer(fail(ErrorCode::kInvalidArgument, "start() says where to begin; it was not called"));
  cursor->fetch(limits, std::move(answer));
}

void KafkaGroupMember::commit(Partition partition, Commit commit, Completion<void> done) {
  Answer<void> answer(std::move(done));
  if (auto fine = check(commit); !fine) return answer(std::move(fine));
  const auto what = fmt::format("committing {} of {}[{}] in group {}", commit.position.value, options_.topic,
                                partition.value, options_.group);
  PartitionsHandle list(rd_kafka_topic_partition_list_new(1));
  auto* entry = rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition.value);
  entry->offset = commit.position.value;
  const auto text = to_commit_text(commit.metadata);
  entry->metadata_size = text.size();
  entry->metadata = std::malloc(text.size() + 1);  // the list frees it
  std::memcpy(entry->metadata, text.c_str(), text.size() + 1);

  std::unique_lock lock(mutex_);
  if (!client_ || failure_ || !owned_.contains(partition)) {
    lock.unlock();
    return answer(tl::unexpected(not_owned(partition)));
  }
  void* opaque = client_->expect([what, answer = std::move(answer)](rd_kafka_event_t* event) mutable {
    auto code = rd_kafka_event_error(event);
    const auto* result = rd_kafka_event_topic_partition_list(event);
    if (!code && result != nullptr && result->cnt == 1) code = result->elems[0].err;
    answer(code ? Result<void>(tl::unexpected(error_of(code, what))) : Result<void>());
  });
  rd_kafka_commit_queue(client_->get(), list.get(), client_->replies(), nullptr, opaque);
}

void KafkaGroupMember::leave(Completion<void> done) {
  Answer<void> answer(std::move(done));
  std::unique_lock lock(mutex_);
  if (finished_ || leave_) {
    lock.unlock();
    return answer({});
  }
  leave_.emplace(std::move(answer));
  wake(lock);
}

}  // namespace guidepost::kafka
