// Reads one partition from an explicit offset on: the common part of readers and group members.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/kafka/answer.hpp"
#include "adapters/kafka/fetch_pool.hpp"
#include "guidepost/base/executor.hpp"

namespace guidepost::kafka {

using BatchAnswer = Answer<std::unique_ptr<LogBatch>>;

/// Fetching goes on in the background up to the prefetch limit; a cursor that nobody asks is paused.
/// Thread: any, one fetch at a time. Blocks: close (milliseconds).
class Cursor : public std::enable_shared_from_this<Cursor> {
 public:
  /// `suspicious` is called, on any thread, when an error could mean that the topic is another one
  /// now; its owner then looks, and calls `confirm` or `break_off`.
  Cursor(FetchPool& pool, Executor& loop, TopicPartition partition, Offset from, UniqueFunction<void()> suspicious);
  ~Cursor();

  /// Begins to fetch; until then fetches wait.
  void open();
  void fetch(FetchLimits limits, BatchAnswer done);
  /// Answers this and every later fetch with `error`, where nothing did so before.
  void break_off(Error error);
  /// Answers one fetch, the waiting one or else the next, with `error`, and goes on.
  void complain(Error error);
  /// The topic is the one it was: what looked suspicious is what it seemed to be.
  void confirm();
  /// Answers what is open with kCancelled and stops fetching.
  void close();

 private:
  struct Waiting {
    FetchLimits limits;
    BatchAnswer done;
  };
  using Batch = Result<std::unique_ptr<LogBatch>>;

  static void on_queue_filled(rd_kafka_t*, void* self);
  void pump();
  void waited(std::uint64_t number);
  std::optional<Batch> take(const FetchLimits& limits);
  bool refill(std::size_t at_most);
  void take_error(const rd_kafka_message_t& message);
  void answer(std::unique_lock<std::mutex> lock, Batch batch);

  FetchPool& pool_;
  Executor& loop_;
  const TopicPartition partition_;
  UniqueFunction<void()> suspicious_;

  mutable std::mutex mutex_;
  std::unique_ptr<FetchSlot> slot_;
  Offset next_;                               // where the next batch begins
  std::vector<MessageHandle> carried_;        // taken from the queue, did not fit the last batch; newest first
  std::optional<Waiting> waiting_;
  std::uint64_t waiting_number_ = 0;
  std::atomic<bool> asleep_ = false;          // a fetch waits for the queue to fill
  std::optional<Error> broken_;
  std::optional<Error> doubt_;  // holds everything back until the topic is known to be the one it was
  std::optional<Error> complaint_;
};

}  // namespace guidepost::kafka
