// Sends blocks to the resolved log in offset order and never gives one up.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "guidepost/ports/event_log.hpp"
#include "worker/backoff.hpp"

namespace guidepost::worker {

/// The producer of one worker thread, replaced when it dies. Thread: the worker's.
class ProducerSlot {
 public:
  explicit ProducerSlot(EventLog& log) : log_(log), producer_(log.producer({})) {}
  LogProducer& current() { return *producer_; }
  int generation() const { return generation_; }
  /// A new producer, unless someone else replaced that generation already.
  void replace(int generation) {
    if (generation != generation_) return;
    retired_ = std::move(producer_);
    producer_ = log_.producer({});
    ++generation_;
  }

 private:
  EventLog& log_;
  std::unique_ptr<LogProducer> retired_;  // answers what is open until the next one dies
  std::unique_ptr<LogProducer> producer_;
  int generation_ = 0;
};

/// A block, ready to be sent: offsets [from, to) of its source, and the mapping run that holds at `to`.
struct EncodedBlock {
  Offset from;
  Offset to;
  RunId run;
  std::string bytes;
};

/// Blocks of one raw partition on their way. After any failure everything from the first block
/// without an answer is sent again: readers drop what they had.
/// Thread: the executor's. Blocks: never.
class BlockWriter : public std::enable_shared_from_this<BlockWriter> {
 public:
  struct Events {
    std::function<void()> acknowledged;   ///< acknowledged() has risen
    std::function<void(Error)> refused;   ///< permanent: the partition must stop
  };
  BlockWriter(Executor& executor, ProducerSlot& producer, TopicPartition resolved, Offset position, RunId run,
              Events events);

  void send(EncodedBlock block);
  void close() { closed_ = true; }
  /// End of the contiguous acknowledged blocks: what may be committed, and the run that holds there.
  Offset acknowledged() const { return acknowledged_; }
  RunId acknowledged_run() const { return acknowledged_run_; }
  bool empty() const { return blocks_.empty(); }
  std::size_t unacknowledged_bytes() const { return bytes_; }

 private:
  struct InFlight {
    EncodedBlock block;
    bool answered = false;
  };
  void append(std::uint64_t number);
  void answered(std::uint64_t number, int attempt, int generation, Result<Offset> result);
  void resend_all();

  Executor& executor_;
  ProducerSlot& producer_;
  TopicPartition resolved_;
  Events events_;
  bool closed_ = false;
  std::deque<InFlight> blocks_;
  std::uint64_t first_number_ = 0;  // of blocks_.front()
  std::size_t bytes_ = 0;
  Offset acknowledged_;
  RunId acknowledged_run_;
  int attempt_ = 0;  // answers to earlier attempts say nothing any more
  bool resending_ = false;
  Backoff backoff_;
};

}  // namespace guidepost::worker
