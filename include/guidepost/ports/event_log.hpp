// The event log as the domain needs it: partitioned topics, consumer groups with commits that
// carry metadata, an idempotent producer. Implementations: Kafka (librdkafka), embedded (RocksDB).
// One contract suite (tests/contract) runs on both and on the fake.
#pragma once

#include <chrono>
#include <compare>
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
  std::string name;             ///< `[a-zA-Z0-9._-]`, 1-249 characters, neither `.` nor `..`
  std::int32_t partitions = 1;  ///< 1-10,000
  std::int16_t replication = 1;
  std::chrono::milliseconds retention{std::chrono::hours{24 * 7}};  ///< negative: for ever
  Bytes max_record{2 * 1024 * 1024};  ///< of key and value; a log may count up to 1 KiB of its own to it
  bool log_append_time = true;  ///< the log, not the producer, sets the record time
};

/// What a topic is. `id` changes when a topic is deleted and made again under the same name.
struct TopicState {
  std::string name;
  std::string id;
  std::int32_t partitions = 0;
  std::chrono::milliseconds retention{};  ///< negative: for ever
  bool log_append_time = false;
  bool drops_early = false;  ///< records may go before `retention` is over: by their number of bytes, or by their key
};

/// Offsets that a partition holds now: [begin, end).
struct LogBounds {
  Offset begin;
  Offset end;
};

/// One record read. Views live as long as the batch that it came in.
struct LogRecord {
  Offset offset;
  TimeMs time;  ///< record time: the log's append time where the topic says so
  std::string_view key;  ///< empty where there is none
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
  Bytes max_bytes{1024 * 1024};  ///< of keys and values; one record always fits
  std::chrono::milliseconds max_wait{100};  ///< for the first record; an empty batch after that, next() == from()
};

/// Reads one partition without a group: windows that are rebuilt, replays, recounts.
/// Thread: any, one fetch at a time (a second one: kInvalidArgument). Blocks: never (the destructor
/// may, shortly; it answers an open fetch with kCancelled).
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Reads on where the last batch ended. Answers as soon as there is a record, or holes to pass.
  /// After an error the position is what it was, so a retryable one is answered by fetching again.
  /// Errors: kOutOfRange (position not in [begin, end]), kTopicChanged (not the topic of the first
  /// fetch), kNotFound (topic or partition), retryable ones.
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
  /// Fixed name of this member's slot; empty: none. The slot keeps its partitions when the member
  /// goes, by leave() or without, until `session_timeout` has passed: who joins with that name
  /// before is assigned the same ones, and the other members notice nothing.
  std::string member;
  std::chrono::milliseconds session_timeout{15000};
  std::chrono::milliseconds revoke_deadline{20000};  ///< how long `revoking` may take
};

/// Told of a member's partitions. Calls come on the executor given to `join`, in order, and none
/// after the member's destructor (which may be called inside of one). For every partition
/// `assigned` is followed by exactly one `revoking` or `lost` (a `revoking` whose deadline passes by
/// `lost` as well) before it is assigned again. No other member is assigned a partition before
/// `done` was called or the deadline has passed. A rebalance may revoke a partition and assign it
/// to the same member again.
class GroupListener {
 public:
  virtual ~GroupListener() = default;
  /// The partition is this member's now. `topic_id` as in TopicState. Start with `committed` and `start`.
  virtual void assigned(Partition partition, std::string topic_id) = 0;
  /// The partition will be someone else's: flush and commit what is cheap, then call `done` (from any
  /// thread, also at once). The group waits for it at most `revoke_deadline`. Fetches are answered
  /// kCancelled from now on, commits still work until `done`. Nothing of the partition may be kept.
  virtual void revoking(Partition partition, Task done) = 0;
  /// The partition is already someone else's: drop everything, commits would be refused.
  virtual void lost(Partition partition) = 0;
  /// The membership itself cannot go on; each owned partition got `lost` before. Only a new `join`
  /// helps. kNotFound: the topic was deleted; kTopicChanged: another one by now; kCancelled: a
  /// member of the same name has taken the slot; kRefused: authorization.
  virtual void failed(Error error) = 0;
};

/// One member of a consumer group. Groups give progress; exactness never rests on them.
/// Thread: any. Blocks: never, but the destructor (it leaves without commits).
class GroupMember {
 public:
  virtual ~GroupMember() = default;
  /// The group's last commit for the partition; nothing where it never committed. Commits belong to
  /// a topic's id: of one that was made again there are none.
  virtual void committed(Partition partition, Completion<std::optional<Commit>> done) = 0;
  /// Sets where the next fetch begins. Required once after `assigned`; there is no default position
  /// (a fetch before it: kInvalidArgument). Without effect on a partition that is not this member's.
  virtual void start(Partition partition, Offset from) = 0;
  /// Next records; one fetch at a time a partition. No fetch outstanding means paused: the member
  /// stays in the group. Errors as LogReader::fetch, kCancelled when revoked.
  virtual void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) = 0;
  /// Commits exactly this partition. Durable when answered. A lower position than the last is taken
  /// as well. Errors: kCancelled when it is not this member's (any more), kInvalidArgument (check()).
  virtual void commit(Partition partition, Commit commit, Completion<void> done) = 0;
  /// Leaves the group: each owned partition gets `revoking` first; `done` after the last. No
  /// partition is assigned any more. Named members: see GroupOptions::member.
  virtual void leave(Completion<void> done) = 0;
};

/// One record to append.
struct NewRecord {
  TopicPartition to;
  std::string key;
  std::string value;
  /// Record time where the topic does not set its own append time (there it is ignored); nothing: now.
  std::optional<TimeMs> time;
};

/// Appends. Records to one partition are stored in the order of the calls, each once (idempotent),
/// and a completion with an offset means durable (acks=all, fsync where configured). Answers of one
/// partition come in its order.
/// Thread: any. Blocks: never, but the destructor, shortly: what has no answer yet gets kCancelled and
/// may or may not be stored. The caller bounds what is in flight (`in_flight_bytes`).
class LogProducer {
 public:
  virtual ~LogProducer() = default;
  /// Retries inside without end unless `give_up_after` was set (then kTimedOut). Errors: kPoison
  /// (record too large), kNotFound (topic or partition), kRefused, kFailed (the producer is dead and
  /// answers everything so: make a new one and send again from the first record without an answer).
  virtual void append(NewRecord record, Completion<Offset> done) = 0;
  /// Keys and values of records without an answer.
  virtual Bytes in_flight_bytes() const = 0;
};

struct ProducerOptions {
  std::chrono::milliseconds linger{5};
  std::chrono::milliseconds give_up_after{0};  ///< 0: never
};

/// Number of the partition of a key, as Kafka's default partitioner (murmur2, positive) computes it.
Partition partition_of_key(std::string_view key, std::int32_t partitions);

/// What was made by a log (readers, members, producers) must not outlive it.
/// Thread: any. Blocks: never, but where the adapters say so (constructors, destructors).
class EventLog {
 public:
  virtual ~EventLog() = default;
  /// Errors: kAlreadyExists (left as it is), kInvalidArgument (check()).
  virtual void create_topic(TopicSpec spec, Completion<TopicState> done) = 0;
  /// Its records and the groups' commits go with it. Errors: kNotFound.
  virtual void delete_topic(std::string topic, Completion<void> done) = 0;
  /// Nothing where there is no such topic.
  virtual void describe_topic(std::string topic, Completion<std::optional<TopicState>> done) = 0;
  /// Errors: kNotFound (topic or partition).
  virtual void bounds(TopicPartition partition, Completion<LogBounds> done) = 0;
  /// The first offset whose record was appended at `time` or later; the end where there is none. Errors: kNotFound (topic
  /// or partition).
  virtual void offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) = 0;
  /// Like GroupMember::committed, from outside of the group. Errors: kNotFound (topic or partition).
  virtual void committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) = 0;
  /// What is wrong with the arguments is said by the first fetch.
  virtual std::unique_ptr<LogReader> read(TopicPartition partition, Offset from) = 0;
  /// A log that is away and a topic that was not made yet are waited for: that is no failure.
  /// `listener` and `where` must outlive the member; `where` runs its tasks later, never inline.
  virtual std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) = 0;
  virtual std::unique_ptr<LogProducer> producer(ProducerOptions options) = 0;
  /// Whether the log can be reached at all (check-config, readiness).
  virtual void ping(Completion<void> done) = 0;
};

/// Checks the limits that the port promises; adapters call them before sending anything.
Result<void> check(const TopicSpec& spec);
Result<void> check(const Commit& commit);

}  // namespace guidepost
