// The event log inside this process, on RocksDB: what `up` and the commands on a data folder use, and
// what the collector spools into.
#pragma once

#include <chrono>
#include <memory>

#include "adapters/embedded/store_options.hpp"
#include "guidepost/ports/event_log.hpp"

namespace rocksdb {
class Env;
}

namespace guidepost {

struct EmbeddedLogOptions {
  embedded::StoreOptions store;
  std::chrono::milliseconds retention_check{std::chrono::minutes{1}};  ///< how often old records are looked for
};

/// One process at a time has a folder open; groups are of members in this process, their commits are
/// durable. Offsets are dense: there are no holes. A record's time is the wall clock's where the topic
/// says so. Replication factors change nothing; `linger` neither: what waits is written together.
/// Thread: any. Blocks: open(), until the last writes are recovered, and the destructor, until what
/// runs has ended; calls that have not begun are answered kCancelled.
/// Errors besides the port's: commits and topics kUnavailable while the disk is full (appends wait);
/// kFailed after an error of the disk, for good: the process should end; kCorrupt where stored records
/// are missing or unreadable.
class EmbeddedEventLog final : public EventLog {
 public:
  /// Errors: kInvalidArgument (a folder with something else in it), kUnavailable (open in another
  /// process), kCorrupt, kFailed. `env` is for tests of failing disks.
  static Result<std::unique_ptr<EmbeddedEventLog>> open(const EmbeddedLogOptions& options, rocksdb::Env* env = nullptr);
  ~EmbeddedEventLog() override;

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

  /// Gives up records below `begin` (at most up to the end): a spool does so with what was passed on.
  void truncate_before(TopicPartition partition, Offset begin, Completion<void> done);
  /// Gives up what is older than each topic's retention now, instead of at the next check.
  void expire(Completion<void> done);

  /// Makes `to`, which is not there yet, a log of the same content (by links, where files allow it) and then runs
  /// `meanwhile`: nothing is written in between, nor before that has ended. Errors: those of `meanwhile`; kUnavailable
  /// (the disk is full), kFailed; what was made then stays.
  void checkpoint(std::filesystem::path to, UniqueFunction<Result<void>()> meanwhile, Completion<void> done);

  struct Impl;

 private:
  EmbeddedEventLog();
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost
