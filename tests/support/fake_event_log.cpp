#include "support/fake_event_log.hpp"

#include <algorithm>
#include <atomic>
#include <tuple>
#include <utility>

namespace guidepost::test {
namespace {

/// Records copied into one buffer.
class FakeBatch final : public LogBatch {
 public:
  FakeBatch(Offset from, Offset next) {
    from_ = from;
    next_ = next;
  }
  void take(const std::vector<std::pair<Offset, const FakeEventLog::StoredRecord*>>& records) {
    std::size_t bytes = 0;
    for (const auto& [_, record] : records) bytes += record->key.size() + record->value.size();
    buffer_.reserve(bytes);
    for (const auto& [offset, record] : records) {
      const auto key = keep(record->key);
      const auto value = keep(record->value);
      records_.push_back({offset, record->time, key, value});
    }
  }

 private:
  std::string_view keep(std::string_view bytes) {
    const auto at = buffer_.size();
    buffer_.append(bytes);
    return std::string_view(buffer_).substr(at, bytes.size());
  }
  std::string buffer_;
};

tl::unexpected<Error> no_partition(const TopicPartition& partition) {
  return fail(ErrorCode::kNotFound,
              "there is no partition " + std::to_string(partition.partition.value) + " of a topic " + partition.topic);
}

}  // namespace

class FakeReader final : public LogReader {
 public:
  FakeReader(FakeEventLog& log, std::shared_ptr<FakeEventLog::Reading> reading)
      : log_(log), reading_(std::move(reading)) {}
  ~FakeReader() override { log_.close(reading_); }
  void fetch(FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    log_.faults_.run_later(
        FakeEventLog::Call::kFetch, std::move(done),
        [log = &log_, reading = reading_, limits](auto answer) { log->fetch(reading, limits, std::move(answer)); });
  }

 private:
  FakeEventLog& log_;
  std::shared_ptr<FakeEventLog::Reading> reading_;
};

/// Dead after an injected kFailed, as the port has it.
class FakeProducer final : public LogProducer {
 public:
  explicit FakeProducer(FakeEventLog& log) : log_(log), state_(std::make_shared<State>()) {}

  void append(NewRecord record, Completion<Offset> done) override {
    const auto bytes = record.key.size() + record.value.size();
    if (state_->dead) return done(fail(ErrorCode::kFailed, "the producer is dead"));
    state_->in_flight += bytes;
    // Counts down and learns of its death when the answer is given, wherever that is.
    Completion<Offset> watched(inline_executor(),
                               [state = state_, bytes, done = std::move(done)](Result<Offset> result) mutable {
                                 state->in_flight -= bytes;
                                 if (!result && result.error().code == ErrorCode::kFailed) state->dead = true;
                                 done(std::move(result));
                               });
    log_.faults_.run(FakeEventLog::Call::kAppend, std::move(watched),
                     [log = &log_, state = state_, record = std::move(record)]() -> Result<Offset> {
                       if (state->dead) return fail(ErrorCode::kFailed, "the producer is dead");
                       auto offset = log->append(record);
                       log->wake();
                       return offset;
                     });
  }
  Bytes in_flight_bytes() const override { return Bytes{state_->in_flight}; }

 private:
  struct State {
    std::atomic<std::uint64_t> in_flight{0};
    std::atomic<bool> dead{false};
  };
  FakeEventLog& log_;
  std::shared_ptr<State> state_;
};

FakeEventLog::FakeEventLog(Executor& timer)
    : timer_(timer), self_(std::make_shared<FakeEventLog*>(this)), groups_(*this, *this, timer) {}

FakeEventLog::~FakeEventLog() = default;

void FakeEventLog::set_append_time(TimeMs time) {
  std::lock_guard lock(mutex_);
  append_time_ = time;
}

TopicState FakeEventLog::make_topic(const std::string& name, std::int32_t partitions, bool log_append_time) {
  TopicSpec spec;
  spec.name = name;
  spec.partitions = partitions;
  spec.log_append_time = log_append_time;
  std::lock_guard lock(mutex_);
  auto [at, made] = topics_.try_emplace(name);
  if (made)
    at->second = {spec, "topic-" + std::to_string(++last_id_),
                  std::vector<PartitionLog>(static_cast<std::size_t>(partitions))};
  return state_of(at->second);
}

Offset FakeEventLog::append_now(const TopicPartition& to, std::string key, std::string value,
                                std::optional<TimeMs> time) {
  const auto offset = append({to, std::move(key), std::move(value), time});
  wake();
  return offset.value();
}

void FakeEventLog::commit_now(const std::string& group, const TopicPartition& partition, Commit commit) {
  std::lock_guard lock(mutex_);
  commits_[{group, topics_.at(partition.topic).id, partition.partition}] = std::move(commit);
}

void FakeEventLog::append_hole(const TopicPartition& to, std::int64_t count) {
  {
    std::lock_guard lock(mutex_);
    auto& log = *find(to).value();
    log.end = log.end + count;
  }
  wake();
}

void FakeEventLog::make_hole(const TopicPartition& at, Offset offset) {
  std::lock_guard lock(mutex_);
  find(at).value()->records.erase(offset);
}

void FakeEventLog::truncate_before(const TopicPartition& partition, Offset begin) {
  {
    std::lock_guard lock(mutex_);
    auto& log = *find(partition).value();
    log.begin = std::min(begin, log.end);
    log.records.erase(log.records.begin(), log.records.lower_bound(log.begin));
  }
  wake();
}

void FakeEventLog::truncate_after(const TopicPartition& partition, Offset end) {
  {
    std::lock_guard lock(mutex_);
    auto& log = *find(partition).value();
    log.end = std::clamp(end, log.begin, log.end);
    log.records.erase(log.records.lower_bound(log.end), log.records.end());
  }
  wake();
}

void FakeEventLog::make_again(const std::string& topic) {
  {
    std::lock_guard lock(mutex_);
    auto& old = topics_.at(topic);
    std::erase_if(commits_, [&](const auto& entry) { return std::get<1>(entry.first) == old.id; });
    old = {old.spec, "topic-" + std::to_string(++last_id_), std::vector<PartitionLog>(old.partitions.size())};
  }
  groups_.topic_deleted(topic);
  wake();
}

void FakeEventLog::lose(const std::string& group, const TopicPartition& partition) { groups_.lose(group, partition); }

std::map<Offset, FakeEventLog::StoredRecord> FakeEventLog::stored(const TopicPartition& partition) const {
  std::lock_guard lock(mutex_);
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end()) return {};
  return topic->second.partitions.at(static_cast<std::size_t>(partition.partition.value)).records;
}

LogBounds FakeEventLog::bounds_of(const TopicPartition& partition) const {
  std::lock_guard lock(mutex_);
  const auto& log = topics_.at(partition.topic).partitions.at(static_cast<std::size_t>(partition.partition.value));
  return {log.begin, log.end};
}

std::optional<Commit> FakeEventLog::commit_of(const std::string& group, const TopicPartition& partition) const {
  std::lock_guard lock(mutex_);
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end()) return std::nullopt;
  const auto commit = commits_.find({group, topic->second.id, partition.partition});
  return commit == commits_.end() ? std::nullopt : std::optional(commit->second);
}

void FakeEventLog::set_commit(const std::string& group, const TopicPartition& partition, Commit commit) {
  std::lock_guard lock(mutex_);
  commits_[{group, topics_.at(partition.topic).id, partition.partition}] = std::move(commit);
}

void FakeEventLog::create_topic(TopicSpec spec, Completion<TopicState> done) {
  faults_.run(Call::kCreateTopic, std::move(done), [this, spec = std::move(spec)]() -> Result<TopicState> {
    if (auto ok = check(spec); !ok) return tl::unexpected(ok.error());
    std::lock_guard lock(mutex_);
    if (topics_.contains(spec.name)) return fail(ErrorCode::kAlreadyExists, "topic " + spec.name + " exists");
    auto& topic = topics_[spec.name];
    topic = {spec, "topic-" + std::to_string(++last_id_),
             std::vector<PartitionLog>(static_cast<std::size_t>(spec.partitions))};
    return state_of(topic);
  });
}

void FakeEventLog::delete_topic(std::string topic, Completion<void> done) {
  faults_.run(Call::kDeleteTopic, std::move(done), [this, topic = std::move(topic)]() -> Result<void> {
    {
      std::lock_guard lock(mutex_);
      const auto found = topics_.find(topic);
      if (found == topics_.end()) return fail(ErrorCode::kNotFound, "there is no topic " + topic);
      std::erase_if(commits_, [&](const auto& entry) { return std::get<1>(entry.first) == found->second.id; });
      topics_.erase(found);
    }
    groups_.topic_deleted(topic);
    wake();
    return {};
  });
}

void FakeEventLog::describe_topic(std::string topic, Completion<std::optional<TopicState>> done) {
  faults_.run(Call::kDescribeTopic, std::move(done),
              [this, topic = std::move(topic)]() -> Result<std::optional<TopicState>> {
                std::lock_guard lock(mutex_);
                const auto found = topics_.find(topic);
                if (found == topics_.end()) return std::nullopt;
                return state_of(found->second);
              });
}

void FakeEventLog::bounds(TopicPartition partition, Completion<LogBounds> done) {
  faults_.run(Call::kBounds, std::move(done), [this, partition = std::move(partition)]() -> Result<LogBounds> {
    std::lock_guard lock(mutex_);
    const auto log = find(partition);
    if (!log) return tl::unexpected(log.error());
    return LogBounds{(*log)->begin, (*log)->end};
  });
}

void FakeEventLog::offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) {
  faults_.run(Call::kOffsetAt, std::move(done), [this, partition = std::move(partition), time]() -> Result<Offset> {
    std::lock_guard lock(mutex_);
    const auto log = find(partition);
    if (!log) return tl::unexpected(log.error());
    const auto& records = (*log)->records;
    const auto found =
        std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.second.time >= time; });
    return found != records.end() ? found->first : (*log)->end;
  });
}

void FakeEventLog::committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) {
  faults_.run(Call::kCommitted, std::move(done),
              [this, group = std::move(group), partition = std::move(partition)]() -> Result<std::optional<Commit>> {
                std::lock_guard lock(mutex_);
                if (const auto log = find(partition); !log) return tl::unexpected(log.error());
                const auto commit = commits_.find({group, topics_.at(partition.topic).id, partition.partition});
                if (commit == commits_.end()) return std::nullopt;
                return commit->second;
              });
}

std::unique_ptr<LogReader> FakeEventLog::read(TopicPartition partition, Offset from) {
  auto reading = std::make_shared<Reading>();
  reading->partition = std::move(partition);
  reading->position = from;
  return std::make_unique<FakeReader>(*this, std::move(reading));
}

std::unique_ptr<GroupMember> FakeEventLog::join(GroupOptions options, GroupListener& listener, Executor& where) {
  return groups_.join(std::move(options), listener, where);
}

std::unique_ptr<LogProducer> FakeEventLog::producer(ProducerOptions) { return std::make_unique<FakeProducer>(*this); }

void FakeEventLog::ping(Completion<void> done) {
  faults_.run(Call::kPing, std::move(done), []() -> Result<void> { return {}; });
}

void FakeEventLog::store_commit(std::string group, TopicPartition partition, std::string topic_id, Commit commit,
                                Completion<void> done) {
  faults_.run(Call::kCommit, std::move(done),
              [this, group = std::move(group), partition = std::move(partition), topic_id = std::move(topic_id),
               commit = std::move(commit)]() -> Result<void> {
                std::lock_guard lock(mutex_);
                const auto topic = topics_.find(partition.topic);
                if (topic == topics_.end()) return no_partition(partition);
                if (topic->second.id != topic_id)
                  return fail(ErrorCode::kTopicChanged, "topic " + partition.topic + " was made again");
                commits_[{group, topic_id, partition.partition}] = commit;
                return {};
              });
}

Result<FakeEventLog::PartitionLog*> FakeEventLog::find(const TopicPartition& partition) {
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end() || partition.partition.value < 0 ||
      partition.partition.value >= topic->second.spec.partitions) {
    return no_partition(partition);
  }
  return &topic->second.partitions[static_cast<std::size_t>(partition.partition.value)];
}

Result<Offset> FakeEventLog::append(const NewRecord& record) {
  std::lock_guard lock(mutex_);
  const auto log = find(record.to);
  if (!log) return tl::unexpected(log.error());
  const auto& spec = topics_.at(record.to.topic).spec;
  if (record.key.size() + record.value.size() > spec.max_record.value) {
    return fail(ErrorCode::kPoison, "a record of " + std::to_string(record.key.size() + record.value.size()) +
                                        " bytes is over the topic's limit");
  }
  const TimeMs now = append_time_.value_or(timer_.wall());
  const Offset offset = (*log)->end;
  (*log)->records[offset] = {spec.log_append_time ? now : record.time.value_or(now), record.key, record.value};
  (*log)->end = offset + 1;
  return offset;
}

TopicState FakeEventLog::state_of(const Topic& topic) const {
  return {topic.spec.name, topic.id, topic.spec.partitions, topic.spec.retention, topic.spec.log_append_time, false};
}

/// A batch or an error; nothing where the reader is at the end.
std::optional<FakeEventLog::BatchResult> FakeEventLog::try_read(Reading& reading) {
  const auto found = find(reading.partition);
  if (!found) return tl::unexpected(found.error());
  const auto& id = topics_.at(reading.partition.topic).id;
  if (reading.topic_id.empty()) reading.topic_id = id;
  if (reading.topic_id != id)
    return fail(ErrorCode::kTopicChanged, "topic " + reading.partition.topic + " was deleted and made again");
  const auto& log = **found;
  if (reading.position < log.begin || reading.position > log.end) {
    return fail(ErrorCode::kOutOfRange, "offset " + std::to_string(reading.position.value) + " is not in [" +
                                            std::to_string(log.begin.value) + ", " + std::to_string(log.end.value) +
                                            "]");
  }
  if (reading.position == log.end) return std::nullopt;
  std::vector<std::pair<Offset, const StoredRecord*>> taken;
  Offset next = log.end;
  std::size_t bytes = 0;
  for (auto at = log.records.lower_bound(reading.position); at != log.records.end(); ++at) {
    bytes += at->second.key.size() + at->second.value.size();
    if (!taken.empty() && (taken.size() >= reading.limits.max_records || bytes > reading.limits.max_bytes.value)) {
      next = at->first;
      break;
    }
    taken.emplace_back(at->first, &at->second);
  }
  auto batch = std::make_unique<FakeBatch>(reading.position, next);
  batch->take(taken);
  reading.position = next;
  return batch;
}

void FakeEventLog::fetch(const std::shared_ptr<Reading>& reading, FetchLimits limits,
                         Completion<std::unique_ptr<LogBatch>> done) {
  std::optional<BatchResult> answer;
  {
    std::lock_guard lock(mutex_);
    if (reading->waiting) {
      answer = fail(ErrorCode::kInvalidArgument, "a fetch is open already");
    } else {
      reading->limits = limits;
      answer = try_read(*reading);
    }
    if (!answer) {
      reading->waiting.emplace(std::move(done));
      waiting_.push_back(reading);
      const auto number = ++reading->fetch;
      timer_.post_after(limits.max_wait, [self = std::weak_ptr(self_), reading, number] {
        if (const auto log = self.lock()) (*log)->give_up_waiting(reading, number);
      });
      return;
    }
  }
  done(std::move(*answer));
}

void FakeEventLog::give_up_waiting(const std::shared_ptr<Reading>& reading, std::uint64_t fetch) {
  std::optional<Completion<std::unique_ptr<LogBatch>>> done;
  {
    std::lock_guard lock(mutex_);
    if (!reading->waiting || reading->fetch != fetch) return;
    done = std::exchange(reading->waiting, std::nullopt);
    std::erase(waiting_, reading);
  }
  (*done)(std::make_unique<FakeBatch>(reading->position, reading->position));
}

void FakeEventLog::close(const std::shared_ptr<Reading>& reading) {
  std::optional<Completion<std::unique_ptr<LogBatch>>> done;
  {
    std::lock_guard lock(mutex_);
    done = std::exchange(reading->waiting, std::nullopt);
    std::erase(waiting_, reading);
  }
  if (done) (*done)(fail(ErrorCode::kCancelled, "the reader was closed"));
}

/// Answers the waiting fetches that have something to read now.
void FakeEventLog::wake() {
  std::vector<std::pair<Completion<std::unique_ptr<LogBatch>>, BatchResult>> answers;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const auto& reading) {
      auto answer = try_read(*reading);
      if (!answer) return false;
      answers.emplace_back(std::move(*reading->waiting), std::move(*answer));
      reading->waiting.reset();
      return true;
    });
  }
  for (auto& [done, answer] : answers) done(std::move(answer));
}

}  // namespace guidepost::test
