// Everything that changes the embedded event log, one after another on one thread.
#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <variant>

#include "adapters/embedded/log_catalog.hpp"
#include "adapters/embedded/rocks.hpp"
#include "adapters/embedded/work_queues.hpp"
#include "guidepost/ports/event_log.hpp"

namespace guidepost::embedded {

/// What a producer and its appends share.
struct ProducerState {
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<bool> closed{false};
};

struct AppendOp {
  std::shared_ptr<ProducerState> producer;
  NewRecord record;
  std::optional<Executor::Clock::time_point> give_up;
  Completion<Offset> done;
};
struct CommitOp {
  std::string group;
  TopicPartition partition;
  std::string topic_id;
  Commit commit;
  Completion<void> done;
};
struct CommittedOp {
  std::string group;
  TopicPartition partition;
  Completion<std::optional<Commit>> done;
};
struct CreateTopicOp {
  TopicSpec spec;
  Completion<TopicState> done;
};
struct DeleteTopicOp {
  std::string topic;
  Completion<void> done;
};
struct TruncateOp {
  TopicPartition partition;
  Offset begin;
  Completion<void> done;
};
struct ExpireOp {
  Completion<void> done;
};
struct CheckpointOp {
  std::filesystem::path to;
  UniqueFunction<Result<void>()> meanwhile;
  Completion<void> done;
};
using LogOp =
    std::variant<AppendOp, CommitOp, CommittedOp, CreateTopicOp, DeleteTopicOp, TruncateOp, ExpireOp, CheckpointOp>;

/// Gathers waiting appends and commits into synced writes. While the disk is full appends wait (up to
/// their producers' deadlines), everything else is answered kUnavailable.
/// Thread: push() from any. Blocks: the destructor, until the write under way has ended.
class LogWriter {
 public:
  struct Events {
    std::function<void(const TopicPartition&)> changed;   ///< bounds moved, or the topic went
    std::function<void(const std::string&)> deleted;      ///< a topic went
  };
  LogWriter(Rocks& rocks, LogCatalog& catalog, Executor& clock, Events events);
  ~LogWriter();

  /// Reads what is stored into the catalog. Call it before anything else. Errors: kCorrupt, kFailed.
  Result<void> load();
  void push(LogOp op) { queue_.push(std::move(op)); }

 private:
  /// Appends and commits that become one write.
  struct Slice {
    std::deque<AppendOp> appends;
    std::deque<CommitOp> commits;
    std::size_t bytes = 0;
  };
  struct Growing {
    TopicPartition partition;
    Place place;
    ChunkBuilder chunk;
    Offset chunk_first;
    Offset end;
  };
  struct Built {
    rocksdb::WriteBatch writes;
    std::map<std::pair<std::string_view, Partition>, Growing> partitions;
    std::vector<Result<Offset>> offsets;  ///< an answer an append
  };

  void apply(std::deque<LogOp> ops);
  void flush(Slice& slice);
  void build(const Slice& slice, Built& built);
  Result<Offset> place_record(const NewRecord& record, TimeMs now, Built& built);
  void end_chunk(Growing& growing, rocksdb::WriteBatch& writes) const;
  void write_commits(Slice& slice);
  std::deque<AppendOp> give_up_late(std::deque<AppendOp> appends) const;
  static void answer(AppendOp& op, Result<Offset> result);

  Result<void> commit(rocksdb::WriteBatch& writes);
  Result<void> check_commit(const CommitOp& op) const;
  Result<std::optional<Commit>> committed(const CommittedOp& op) const;
  Result<TopicState> create(const TopicSpec& spec);
  Result<void> remove(const std::string& topic);
  Result<void> truncate(const TopicPartition& partition, Offset begin);
  Result<void> expire();
  Result<Offset> first_kept(const Place& place, TimeMs oldest) const;
  Result<Offset> stored_begin(TopicNumber topic, Partition partition) const;
  Result<Offset> stored_end(TopicNumber topic, Partition partition, Offset begin) const;

  Rocks& rocks_;
  LogCatalog& catalog_;
  Executor& clock_;
  Events events_;
  std::optional<Error> broken_;  ///< after an error of the disk nothing is written any more
  bool disk_full_ = false;
  TopicNumber next_number_ = 1;
  WriteQueue<LogOp> queue_;  // last: its thread uses the others
};

}  // namespace guidepost::embedded
