#include "contract/event_log/suite.hpp"

#include <random>

namespace guidepost::contract {

std::vector<NamedEventLog>& adapters() {
  static std::vector<NamedEventLog> all;
  return all;
}

INSTANTIATE_TEST_SUITE_P(On, EventLogContract, testing::ValuesIn(adapters()),
                         [](const auto& one) { return one.param.name; });

std::ostream& operator<<(std::ostream& out, const Copy& copy) {
  return out << copy.offset << ":" << copy.key << "=" << copy.value;
}

void EventLogContract::SetUp() {
  std::random_device random;
  token_ = "contract-" + std::to_string(random()) + "-";
  auto opened = GetParam().open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  adapter_ = std::move(*opened);
}

std::string EventLogContract::fresh(const std::string& what) const {
  static int number = 0;
  return token_ + what + "-" + std::to_string(++number);
}

std::string EventLogContract::make_topic(std::int32_t partitions, bool log_append_time) {
  auto one = spec(fresh("topic"), partitions);
  one.log_append_time = log_append_time;
  return create(one).name;
}

TopicSpec EventLogContract::spec(const std::string& name, std::int32_t partitions) const {
  TopicSpec spec;
  spec.name = name;
  spec.partitions = partitions;
  return spec;
}

TopicState EventLogContract::create(const TopicSpec& spec) {
  auto made = await<TopicState>([&](auto done) { log().create_topic(spec, std::move(done)); });
  if (!made) throw std::runtime_error("create_topic: " + made.error().message);
  return *made;
}

std::optional<TopicState> EventLogContract::describe(const std::string& topic) {
  auto state = await<std::optional<TopicState>>([&](auto done) { log().describe_topic(topic, std::move(done)); });
  if (!state) throw std::runtime_error("describe_topic: " + state.error().message);
  return *state;
}

LogBounds EventLogContract::bounds(const TopicPartition& partition) {
  auto bounds = await<LogBounds>([&](auto done) { log().bounds(partition, std::move(done)); });
  if (!bounds) throw std::runtime_error("bounds: " + bounds.error().message);
  return *bounds;
}

void EventLogContract::remove(const std::string& topic) {
  auto gone = await<void>([&](auto done) { log().delete_topic(topic, std::move(done)); });
  if (!gone) throw std::runtime_error("delete_topic: " + gone.error().message);
  if (!eventually([&] { return !describe(topic); })) throw std::runtime_error("the deleted topic is still there");
}

TopicState EventLogContract::make_again(const TopicSpec& spec) {
  remove(spec.name);
  return create(spec);
}

Result<Offset> EventLogContract::try_append(const TopicPartition& to, std::string key, std::string value,
                                            std::optional<TimeMs> time) {
  const auto producer = log().producer({});
  return await<Offset>(
      [&](auto done) { producer->append({to, std::move(key), std::move(value), time}, std::move(done)); });
}

Offset EventLogContract::append(const TopicPartition& to, std::string key, std::string value,
                                std::optional<TimeMs> time) {
  auto offset = try_append(to, std::move(key), std::move(value), time);
  if (!offset) throw std::runtime_error("append: " + offset.error().message);
  return *offset;
}

void EventLogContract::append_numbers(const TopicPartition& to, int count) {
  const auto producer = log().producer({});
  Result<Offset> last = Offset{0};
  std::vector<std::future<Result<Offset>>> answers;
  for (int i = 0; i < count; ++i) {
    auto promise = std::make_shared<std::promise<Result<Offset>>>();
    answers.push_back(promise->get_future());
    producer->append(
        {to, "", std::to_string(i), std::nullopt},
        Completion<Offset>(inline_executor(), [promise](Result<Offset> r) { promise->set_value(std::move(r)); }));
  }
  for (auto& answer : answers) {
    if (auto offset = answer.get(); !offset) throw std::runtime_error("append: " + offset.error().message);
  }
}

Batch EventLogContract::fetch(LogReader& reader, FetchLimits limits) {
  return await<std::unique_ptr<LogBatch>>([&](auto done) { reader.fetch(limits, std::move(done)); });
}

std::vector<Copy> EventLogContract::copies(const LogBatch& batch) {
  std::vector<Copy> all;
  for (const auto& record : batch.records())
    all.push_back({record.offset.value, std::string(record.key), std::string(record.value)});
  return all;
}

std::vector<Copy> EventLogContract::read(const TopicPartition& partition, Offset from, std::size_t count,
                                         FetchLimits limits) {
  std::vector<Copy> all;
  const auto reader = log().read(partition, from);
  eventually([&] {
    auto batch = fetch(*reader, limits);
    if (!batch) throw std::runtime_error("fetch: " + batch.error().message);
    for (auto& copy : copies(**batch)) all.push_back(std::move(copy));
    return all.size() >= count;
  });
  return all;
}

ErrorCode EventLogContract::error_of(LogReader& reader) {
  std::optional<ErrorCode> code;
  eventually([&] {
    const auto batch = fetch(reader);
    if (!batch && !batch.error().retryable()) code = batch.error().code;
    return code.has_value();
  });
  if (!code) throw std::runtime_error("no error has come");
  return *code;
}

std::optional<Commit> EventLogContract::committed(const std::string& group, const TopicPartition& partition) {
  auto commit = await<std::optional<Commit>>([&](auto done) { log().committed(group, partition, std::move(done)); });
  if (!commit) throw std::runtime_error("committed: " + commit.error().message);
  return *commit;
}

Result<void> Peer::leave() {
  return await<void>([&](auto done) { member_->leave(std::move(done)); });
}

std::set<std::int32_t> Peer::owned() const {
  std::lock_guard lock(mutex_);
  return owned_;
}

std::vector<std::string> Peer::told() const {
  std::lock_guard lock(mutex_);
  return told_;
}

std::optional<Error> Peer::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

std::string Peer::topic_id() const {
  std::lock_guard lock(mutex_);
  return topic_id_;
}

std::size_t Peer::open_revokes() const {
  std::lock_guard lock(mutex_);
  return revokes_.size();
}

void Peer::hold_revokes() {
  std::lock_guard lock(mutex_);
  hold_ = true;
}

void Peer::let_go() {
  std::vector<std::pair<std::int32_t, Task>> open;
  {
    std::lock_guard lock(mutex_);
    hold_ = false;
    open = std::exchange(revokes_, {});
    for (const auto& [partition, _] : open) owned_.erase(partition);
  }
  for (auto& [_, done] : open) done();
}

std::optional<Commit> Peer::committed(std::int32_t partition) {
  auto commit =
      await<std::optional<Commit>>([&](auto done) { member_->committed(Partition{partition}, std::move(done)); });
  if (!commit) throw std::runtime_error("committed: " + commit.error().message);
  return *commit;
}

Result<void> Peer::commit(std::int32_t partition, Commit commit) {
  return await<void>([&](auto done) { member_->commit(Partition{partition}, std::move(commit), std::move(done)); });
}

Batch Peer::fetch(std::int32_t partition, FetchLimits limits) {
  return await<std::unique_ptr<LogBatch>>(
      [&](auto done) { member_->fetch(Partition{partition}, limits, std::move(done)); });
}

void Peer::assigned(Partition partition, std::string topic_id) {
  std::lock_guard lock(mutex_);
  told_.push_back("assigned " + std::to_string(partition.value));
  owned_.insert(partition.value);
  topic_id_ = std::move(topic_id);
}

void Peer::revoking(Partition partition, Task done) {
  {
    std::lock_guard lock(mutex_);
    told_.push_back("revoking " + std::to_string(partition.value));
    if (hold_) {
      revokes_.emplace_back(partition.value, std::move(done));
      return;
    }
    owned_.erase(partition.value);
  }
  done();
}

void Peer::lost(Partition partition) {
  std::lock_guard lock(mutex_);
  told_.push_back("lost " + std::to_string(partition.value));
  owned_.erase(partition.value);
}

void Peer::failed(Error error) {
  std::lock_guard lock(mutex_);
  told_.push_back("failed " + std::string(to_string(error.code)));
  failure_ = std::move(error);
}

}  // namespace guidepost::contract
