// What the cases of the event log's contract share.
#pragma once

#include <gtest/gtest.h>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "contract/event_log/adapter.hpp"

namespace guidepost::contract {

/// A record, copied out of its batch.
struct Copy {
  std::int64_t offset = 0;
  std::string key;
  std::string value;
  bool operator==(const Copy&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Copy& copy);

using Batch = Result<std::unique_ptr<LogBatch>>;

/// A completion whose answer comes by the future, also where the test has ended without waiting for it.
struct OpenFetch {
  Completion<std::unique_ptr<LogBatch>> done;
  std::future<Batch> answer;
};
inline OpenFetch open_fetch() {
  auto promise = std::make_shared<std::promise<Batch>>();
  auto answer = promise->get_future();
  Completion<std::unique_ptr<LogBatch>> done(inline_executor(),
                                             [promise](Batch batch) { promise->set_value(std::move(batch)); });
  return {std::move(done), std::move(answer)};
}

class EventLogContract : public testing::TestWithParam<NamedEventLog> {
 protected:
  void SetUp() override;

  EventLog& log() { return adapter_->log(); }
  EventLogAdapter& adapter() { return *adapter_; }
  /// A name for a topic or group that nobody else uses.
  std::string fresh(const std::string& what) const;

  /// Makes a topic with a fresh name.
  std::string make_topic(std::int32_t partitions = 1, bool log_append_time = true);
  TopicSpec spec(const std::string& name, std::int32_t partitions = 1) const;
  TopicState create(const TopicSpec& spec);
  std::optional<TopicState> describe(const std::string& topic);
  LogBounds bounds(const TopicPartition& partition);
  /// Deletes a topic and waits until it cannot be seen any more.
  void remove(const std::string& topic);
  /// delete and create under the same name.
  TopicState make_again(const TopicSpec& spec);

  static TopicPartition at(const std::string& topic, std::int32_t partition = 0) {
    return {topic, Partition{partition}};
  }
  Result<Offset> try_append(const TopicPartition& to, std::string key, std::string value,
                            std::optional<TimeMs> time = std::nullopt);
  Offset append(const TopicPartition& to, std::string key, std::string value,
                std::optional<TimeMs> time = std::nullopt);
  /// Appends `0`, `1`, ... without waiting in between.
  void append_numbers(const TopicPartition& to, int count);

  static Batch fetch(LogReader& reader, FetchLimits limits = {});
  static std::vector<Copy> copies(const LogBatch& batch);
  /// Reads until `count` records have come or patience ends.
  std::vector<Copy> read(const TopicPartition& partition, Offset from, std::size_t count, FetchLimits limits = {});
  /// Fetches until there is an answer that is not empty; for errors that take their time to show.
  ErrorCode error_of(LogReader& reader);

  std::optional<Commit> committed(const std::string& group, const TopicPartition& partition);

  /// Whether `condition` becomes true within the adapter's patience.
  template <class Condition>
  bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + adapter_->patience();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }
  /// Whether `condition` stays true for `time`.
  template <class Condition>
  static bool stays(std::chrono::milliseconds time, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < deadline) {
      if (!condition()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }

  std::unique_ptr<EventLogAdapter> adapter_;

 private:
  std::string token_;
};

/// A member with its listener, which writes down what it is told. Thread: the test's.
class Peer final : public GroupListener {
 public:
  Peer(EventLog& log, GroupOptions options) : member_(log.join(std::move(options), *this, executor_)) {}
  ~Peer() override { member_.reset(); }

  GroupMember& member() { return *member_; }
  /// The destructor of the member, without leave.
  void vanish() { member_.reset(); }
  Result<void> leave();

  std::set<std::int32_t> owned() const;
  std::vector<std::string> told() const;
  std::optional<Error> failure() const;
  std::string topic_id() const;
  std::size_t open_revokes() const;
  /// From now on `revoking` is answered only by let_go().
  void hold_revokes();
  void let_go();

  std::optional<Commit> committed(std::int32_t partition);
  Result<void> commit(std::int32_t partition, Commit commit);
  Batch fetch(std::int32_t partition, FetchLimits limits = {});

  void assigned(Partition partition, std::string topic_id) override;
  void revoking(Partition partition, Task done) override;
  void lost(Partition partition) override;
  void failed(Error error) override;

 private:
  mutable std::mutex mutex_;
  bool hold_ = false;
  std::vector<std::string> told_;
  std::set<std::int32_t> owned_;
  std::string topic_id_;
  std::optional<Error> failure_;
  std::vector<std::pair<std::int32_t, Task>> revokes_;
  ThreadExecutor executor_{"peer"};
  std::unique_ptr<GroupMember> member_;
};

}  // namespace guidepost::contract
