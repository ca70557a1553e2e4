// Sends blocks to the resolved log in offset order, and knows how far that has decided.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "guidepost/ports/event_log.hpp"
#include "worker/backoff.hpp"
#include "worker/ingest/chain_reader.hpp"

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

/// Blocks of one raw partition on their way. Nobody else writes behind them, as a rule: then each is stored right behind the
/// one before. Where one is not, or fails, what came between is read; what is not decided by then is sent again.
/// Thread: the executor's. Blocks: never.
class BlockWriter : public std::enable_shared_from_this<BlockWriter> {
 public:
  /// What it works with; all of it outlives the writer.
  struct Needs {
    Executor& executor;
    EventLog& log;
    ProducerSlot& producer;
  };
  struct Events {
    std::function<void()> acknowledged;  ///< decided() has risen
    std::function<void()>
        overtaken;  ///< others went on, by other rules: what is decided here does not fit. It has closed
    std::function<void(Error)> refused;  ///< permanent: the partition must stop
  };
  /// Goes on behind `end` with blocks of `era`.
  BlockWriter(Needs needs, TopicPartition resolved, SourceId source, ChainEnd end, event::Era era, Events events);

  void send(EncodedBlock block);
  void close();
  /// How far the blocks that are stored reach: what may be committed, and what holds there.
  const ChainEnd& decided() const { return end_; }
  bool empty() const { return blocks_.empty(); }
  std::size_t unacknowledged_bytes() const { return bytes_; }

 private:
  struct InFlight {
    EncodedBlock block;
    bool answered = false;
  };
  void append(std::uint64_t number);
  void answered(std::uint64_t number, int attempt, int generation, Result<Offset> result);
  void look();
  void looked(Result<ChainEnd> end);
  void pop();

  Needs needs_;
  TopicPartition resolved_;
  SourceId source_;
  ChainEnd end_;
  event::Era era_;
  Events events_;
  bool closed_ = false;
  std::deque<InFlight> blocks_;
  std::uint64_t first_number_ = 0;  // of blocks_.front(), which is to be stored at end_.resolved
  std::size_t bytes_ = 0;
  int attempt_ = 0;  // answers to earlier attempts say nothing any more
  bool looking_ = false;
  std::shared_ptr<ChainReader> reader_;
  Backoff backoff_;
};

}  // namespace guidepost::worker
