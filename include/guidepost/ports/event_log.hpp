// The event log as the domain needs it: partitioned topics, consumer groups with commits that
// carry metadata, an idempotent producer. Implementations: Kafka (librdkafka), embedded (RocksDB).
// One contract suite (tests/contract) runs on both and on the fake.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost {

struct TopicPartition {
  std::string topic;
  Partition partition;
  auto operator<=>(const TopicPartition&) const = default;
};

/// What `create_topic` makes.
struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  std::int16_t replication = 1;
  std::chrono::milliseconds retention{std::chrono::hours{24 * 7}};
  Bytes max_record{2 * 1024 * 1024};
  bool log_append_time = true;  ///< the log, not the producer, sets the record time
};

/// What a topic is. `id` changes when a topic is deleted and made again under the same name.
struct TopicState {
  std::string name;
  std::string id;
  std::int32_t partitions = 0;
  std::chrono::milliseconds retention{};  ///< negative: for ever
  bool log_append_time = false;
};

/// Offsets that a partition holds now: [begin, end).
struct LogBounds {
  Offset begin;
  Offset end;
};

/// One record read. Views live as long as the batch that it came in.
struct LogRecord {
  Offset offset;
  TimeMs time;            ///< record time: the log's append time where the topic says so
  std::string_view key;   ///< empty where there is none
  std::string_view value;
};

/// Records of one partition in offset order. Offsets of [from, next) that are not among them are
/// holes (transaction markers, aborted or compacted records) and will never be readable.
class LogBatch {
 public:
  virtual ~LogBatch() = default;
  const std::vector<LogRecord>& records() const { return records_; }
  Offset from() const { return from_; }
  Offset next() const { return next_; }  ///< where the next fetch begins

 protected:
  std::vector<LogRecord> records_;
  Offset from_;
  Offset next_;
};

struct FetchLimits {
  std::size_t max_records = 1024;
  Bytes max_bytes{1024 * 1024};              ///< of keys and values; one record always fits
  std::chrono::milliseconds max_wait{100};   ///< an empty batch after that, next() == from()
};

/// Reads one partition without a group: windows that are rebuilt, replays, recounts.
/// Thread: any, one fetch at a time. Blocks: never (the destructor may, shortly).
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Errors: kOutOfRange (position not in [begin, end]), kTopicChanged, kNotFound, retryable ones.
  virtual void fetch(FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) = 0;
};

/// What a group has committed for a partition: a position and a few bytes of its own (at most 4 KiB).
struct Commit {
  Offset position;
  std::string metadata;
  bool operator==(const Commit&) const = default;
};

struct GroupOptions {
  std::string group;
  std::string topic;
  std::string member;  ///< fixed name of this member's slot: assignments survive its restart. Empty: none
  std::chrono::milliseconds session_timeout{15000};
  std::chrono::milliseconds revoke_deadline{20000};  ///< how long `revoking` may take
};

/// Told of a member's partitions. Calls come on the executor given to `join`, in order.
class GroupListener {
 public:
  virtual ~GroupListener() = default;
  /// The partition is this member's now. `topic_id` as in TopicState. Start with `committed` and `start`.
  virtual void assigned(Partition partition, std::string topic_id) = 0;
  /// The partition will be someone else's: flush and commit what is cheap, then call `done`. The
  /// group waits for it at most `revoke_deadline`. Nothing of the partition may be kept.
  virtual void revoking(Partition partition, Task done) = 0;
  /// The partition is already someone else's: drop everything, commits would be refused.
  virtual void lost(Partition partition) = 0;
  /// The membership itself cannot go on (topic gone or another one, fenced by a member of the same
  /// name, authorization). Only a new `join` helps.
  virtual void failed(Error error) = 0;
};

/// One member of a consumer group. Groups give progress; exactness never rests on them.
/// Thread: any. Blocks: never, but the destructor (it leaves without commits).
class GroupMember {
 public:
  virtual ~GroupMember() = default;
  /// The group's last commit for the partition; nothing where it never committed.
  virtual void committed(Partition partition, Completion<std::optional<Commit>> done) = 0;
  /// Sets where the next fetch begins. Required once after `assigned`; there is no default position.
  virtual void start(Partition partition, Offset from) = 0;
  /// Next records; one fetch at a time a partition. No fetch outstanding means paused: the member
  /// stays in the group. Errors as LogReader::fetch, kCancelled when revoked.
  virtual void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) = 0;
  /// Commits exactly this partition. Errors: kCancelled when it is not this member's any more.
  virtual void commit(Partition partition, Commit commit, Completion<void> done) = 0;
  /// Leaves the group: each owned partition gets `revoking` first; `done` after the last.
  virtual void leave(Completion<void> done) = 0;
};

/// One record to append.
struct NewRecord {
  TopicPartition to;
  std::string key;
  std::string value;
  std::optional<TimeMs> time;  ///< only where the topic does not set its own append time
};

/// Appends. Records to one partition are stored in the order of the calls, each once (idempotent),
/// and a completion with an offset means durable (acks=all, fsync where configured).
/// Thread: any. Blocks: never; the caller bounds what is in flight (`in_flight_bytes`).
class LogProducer {
 public:
  virtual ~LogProducer() = default;
  /// Retries inside without end unless `give_up_after` was set. Errors: kPoison (record too large),
  /// kNotFound, kRefused, kFailed (the producer is dead: make a new one and send again from the
  /// first record without an answer).
  virtual void append(NewRecord record, Completion<Offset> done) = 0;
  virtual Bytes in_flight_bytes() const = 0;
};

struct ProducerOptions {
  std::chrono::milliseconds linger{5};
  std::chrono::milliseconds give_up_after{0};  ///< 0: never
};

/// Number of the partition of a key, as Kafka's default partitioner (murmur2, positive) computes it.
Partition partition_of_key(std::string_view key, std::int32_t partitions);

/// Thread: any. Blocks: never, but where the adapters say so (constructors, destructors).
class EventLog {
 public:
  virtual ~EventLog() = default;
  /// Errors: kAlreadyExists (left as it is), kInvalidArgument.
  virtual void create_topic(TopicSpec spec, Completion<TopicState> done) = 0;
  virtual void delete_topic(std::string topic, Completion<void> done) = 0;
  /// Nothing where there is no such topic.
  virtual void describe_topic(std::string topic, Completion<std::optional<TopicState>> done) = 0;
  virtual void bounds(TopicPartition partition, Completion<LogBounds> done) = 0;
  /// Like GroupMember::committed, from outside of the group.
  virtual void committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) = 0;
  virtual std::unique_ptr<LogReader> read(TopicPartition partition, Offset from) = 0;
  /// `listener` and `where` must outlive the member.
  virtual std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) = 0;
  virtual std::unique_ptr<LogProducer> producer(ProducerOptions options) = 0;
  /// Whether the log can be reached at all (check-config, readiness).
  virtual void ping(Completion<void> done) = 0;
};

}  // namespace guidepost
