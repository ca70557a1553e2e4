// An event log in memory, for tests: the whole contract with groups, holes and truncation, and faults by order.
#pragma once

#include <map>
#include <mutex>

#include "guidepost/ports/event_log.hpp"
#include "ports/local_groups.hpp"
#include "support/faults.hpp"

namespace guidepost::test {

/// Applies each call at once, on the caller's thread; answers come on their executors. Waiting
/// fetches, revoke deadlines and session time-outs run on `timer`: with a ManualExecutor a test decides when.
/// Thread: any (with a timer that allows it).
class FakeEventLog final : public EventLog, private CommitStore {
 public:
  enum class Call {
    kCreateTopic,
    kDeleteTopic,
    kDescribeTopic,
    kBounds,
    kOffsetAt,
    kCommitted,
    kFetch,
    kAppend,
    kCommit,
    kPing
  };

  /// `timer` must outlive the log, and not run tasks inline.
  explicit FakeEventLog(Executor& timer);
  ~FakeEventLog() override;

  Faults<Call>& faults() { return faults_; }
  /// Append time from now on; before the first call it is timer.wall().
  void set_append_time(TimeMs time);

  /// Short set-ups, at once and without faults.
  TopicState make_topic(const std::string& name, std::int32_t partitions, bool log_append_time = true);
  Offset append_now(const TopicPartition& to, std::string key, std::string value,
                    std::optional<TimeMs> time = std::nullopt);
  void commit_now(const std::string& group, const TopicPartition& partition, Commit commit);

  /// The next `count` offsets are holes, as transaction markers leave them.
  void append_hole(const TopicPartition& to, std::int64_t count);
  /// Makes a record that is there a hole, as compaction does.
  void make_hole(const TopicPartition& at, Offset offset);
  /// Retention: the log begins at `begin` from now on.
  void truncate_before(const TopicPartition& partition, Offset begin);
  /// Data loss: the log ends at `end` from now on.
  void truncate_after(const TopicPartition& partition, Offset end);
  /// delete_topic and create_topic with the same shape: empty, with another id.
  void make_again(const std::string& topic);
  /// Takes a partition from its owner without asking (LocalGroups::lose).
  void lose(const std::string& group, const TopicPartition& partition);

  struct StoredRecord {
    TimeMs time;
    std::string key;
    std::string value;
    bool operator==(const StoredRecord&) const = default;
  };
  /// What is stored, by offset.
  std::map<Offset, StoredRecord> stored(const TopicPartition& partition) const;
  LogBounds bounds_of(const TopicPartition& partition) const;
  std::optional<Commit> commit_of(const std::string& group, const TopicPartition& partition) const;
  /// As a member of the group would commit it.
  void set_commit(const std::string& group, const TopicPartition& partition, Commit commit);

  void create_topic(TopicSpec spec, Completion<TopicState> done) override;
  void delete_topic(std::string topic, Completion<void> done) override;
  void describe_topic(std::string topic, Completion<std::optional<TopicState>> done) override;
  void bounds(TopicPartition partition, Completion<LogBounds> done) override;
  void offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) override;
  void committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) override;
  std::unique_ptr<LogReader> read(TopicPartition partition, Offset from) override;
  std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) override;
  std::unique_ptr<LogProducer> producer(ProducerOptions options) override;
  void ping(Completion<void> done) override;

 private:
  friend class FakeReader;
  friend class FakeProducer;

  struct PartitionLog {
    Offset begin;
    Offset end;
    std::map<Offset, StoredRecord> records;
  };
  struct Topic {
    TopicSpec spec;
    std::string id;
    std::vector<PartitionLog> partitions;
  };
  /// A reader's side of the log; `waiting` while a fetch is open.
  struct Reading {
    TopicPartition partition;
    Offset position;
    std::string topic_id;  ///< empty until the first fetch
    FetchLimits limits;
    std::optional<Completion<std::unique_ptr<LogBatch>>> waiting;
    std::uint64_t fetch = 0;
  };
  using BatchResult = Result<std::unique_ptr<LogBatch>>;

  void store_commit(std::string group, TopicPartition partition, std::string topic_id, Commit commit,
                    Completion<void> done) override;
  Result<PartitionLog*> find(const TopicPartition& partition);
  Result<Offset> append(const NewRecord& record);
  TopicState state_of(const Topic& topic) const;
  std::optional<BatchResult> try_read(Reading& reading);
  void fetch(const std::shared_ptr<Reading>& reading, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done);
  void give_up_waiting(const std::shared_ptr<Reading>& reading, std::uint64_t fetch);
  void close(const std::shared_ptr<Reading>& reading);
  void wake();

  Executor& timer_;
  Faults<Call> faults_;
  mutable std::mutex mutex_;
  std::optional<TimeMs> append_time_;
  std::uint64_t last_id_ = 0;
  std::map<std::string, Topic> topics_;
  std::map<std::tuple<std::string, std::string, Partition>, Commit> commits_;  // group, topic id
  std::vector<std::shared_ptr<Reading>> waiting_;
  std::shared_ptr<FakeEventLog*> self_;  ///< what timers hold weakly
  LocalGroups groups_;
};

}  // namespace guidepost::test
