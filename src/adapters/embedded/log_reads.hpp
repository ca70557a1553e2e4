// Reads of the embedded event log: chunks to batches, waiting fetches.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/embedded/log_catalog.hpp"
#include "adapters/embedded/rocks.hpp"
#include "adapters/embedded/work_queues.hpp"
#include "guidepost/ports/event_log.hpp"

namespace guidepost::embedded {

using BatchResult = Result<std::unique_ptr<LogBatch>>;

/// Reads records from `from` on, at most up to the place's end. Blocks: as long as the disk takes.
/// Errors: kCorrupt (unreadable, or records are missing), kFailed.
BatchResult read_batch(const Rocks& rocks, const Place& place, Offset from, const FetchLimits& limits);

/// The first offset whose record is of `time` or later; the end where there is none. Blocks, errors: as read_batch.
Result<Offset> offset_at(const Rocks& rocks, const Place& place, TimeMs time);

/// One reader's position. Everything but `partition` is guarded by the desk's mutex.
struct Reading {
  TopicPartition partition;
  Offset position;
  std::string topic_id;  ///< empty until the first fetch
  FetchLimits limits;
  std::optional<Completion<std::unique_ptr<LogBatch>>> open;
  std::uint64_t fetch = 0;
  bool waiting = false;
  bool closed = false;
};

/// Where fetches go: read at once, or kept until there is something to read.
/// Thread: any. Blocks: never.
class FetchDesk {
 public:
  FetchDesk(const Rocks& rocks, const LogCatalog& catalog, ReadPool& pool, Executor& timer)
      : rocks_(rocks), catalog_(catalog), pool_(pool), timer_(timer), self_(std::make_shared<FetchDesk*>(this)) {}

  void fetch(const std::shared_ptr<Reading>& reading, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done);
  /// No more answers for this reader but kCancelled.
  void close(const std::shared_ptr<Reading>& reading);
  /// The partition's bounds have changed, or its topic is gone.
  void wake(const TopicPartition& partition);

 private:
  void look(const std::shared_ptr<Reading>& reading, std::vector<Task>& after);
  void wait(const std::shared_ptr<Reading>& reading);
  void read(const std::shared_ptr<Reading>& reading, const Place& place, Offset from, const FetchLimits& limits);
  void answer(Reading& reading, BatchResult result, std::vector<Task>& after);
  void time_out(const std::shared_ptr<Reading>& reading, std::uint64_t fetch);

  const Rocks& rocks_;
  const LogCatalog& catalog_;
  ReadPool& pool_;
  Executor& timer_;
  std::mutex mutex_;
  std::map<TopicPartition, std::vector<std::shared_ptr<Reading>>> waiting_;
  std::shared_ptr<FetchDesk*> self_;  ///< held weakly by timers
};

}  // namespace guidepost::embedded
