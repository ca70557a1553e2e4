// Where a source's chain of blocks ends in the resolved log.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "guidepost/ports/event_log.hpp"
#include "worker/chain.hpp"

namespace guidepost::worker {

/// What was decided about a source, whoever wrote it.
struct ChainEnd {
  Offset offset;                  ///< everything below it is
  std::optional<event::Era> era;  ///< of the last block; nothing: not known
  RunId run;                      ///< the mapping run that holds at `offset`
  Offset resolved;                ///< of the resolved log, up to which it was read
};

/// Reads the resolved log on, up to where it ends now. Held by a shared_ptr.
/// Thread: the executor's. Blocks: never. Errors: kOutOfRange (the log does not hold what follows `resolved`: retention, or
/// another log of that name), kCorrupt (a record is no block).
class ChainReader : public std::enable_shared_from_this<ChainReader> {
 public:
  using Done = std::function<void(Result<ChainEnd>)>;

  /// From `known` on; without `known.resolved`, from the log's beginning.
  ChainReader(Executor& executor, EventLog& log, TopicPartition resolved, SourceId source, ChainEnd known, Done done);
  void start();
  /// Nothing is called any more.
  void close() { closed_ = true; }

  Executor& executor() { return executor_; }
  bool closed() const { return closed_; }

 private:
  void fetch();
  Result<void> pass(const LogBatch& batch);
  void finish(Result<ChainEnd> result);

  Executor& executor_;
  EventLog& log_;
  TopicPartition resolved_;
  SourceId source_;
  ChainEnd end_;
  Done done_;
  bool closed_ = false;
  Offset until_;
  std::unique_ptr<LogReader> reader_;
};

/// For ChainEnd::resolved: the log's beginning, wherever that is.
inline constexpr Offset kLogBeginning{-1};

}  // namespace guidepost::worker
