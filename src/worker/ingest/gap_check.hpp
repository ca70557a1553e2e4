// Whether what ingest would decide next is in the log still.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "guidepost/ports/event_log.hpp"
#include "worker/gap_table.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {

/// Holds the position of a source against its log, and against what is known to be missing of it. What is missing is
/// recorded and said; only an operator's word lets ingest go on behind it. Held by a shared_ptr.
/// Thread: the executor's. Blocks: never. Errors: kCorrupt (of the state table).
class GapCheck : public std::enable_shared_from_this<GapCheck> {
 public:
  struct Found {
    Offset known_from;  ///< below it nothing was decided that could be read again
    std::optional<Gap> open;      ///< ingest must wait
    std::optional<Gap> given_up;  ///< [position, given_up->to) is lost, and ingest goes on behind it
  };
  using Done = std::function<void(Result<Found>)>;

  /// `bounds`: of the raw partition, read when all below `position` was decided.
  GapCheck(Executor& executor, EventLog& log, StateTable& state, TopicPartition raw, SourceId source, Offset position,
           LogBounds bounds, Done done);
  void start();
  /// Nothing is called any more.
  void close();

  Executor& executor() { return executor_; }
  bool closed() const { return closed_; }

 private:
  void compare(const std::vector<Gap>& known);
  void find_times(Gap gap);
  void find_time_behind(Gap gap);
  void record(const Gap& gap);
  void record_nothing_left(Gap gap);
  void finish(Result<Found> result);

  Executor& executor_;
  EventLog& log_;
  StateTable& state_;
  TopicPartition raw_;
  SourceId source_;
  Offset position_;
  LogBounds bounds_;
  Done done_;
  bool closed_ = false;
  Found found_;
  std::unique_ptr<LogReader> reader_;
};

}  // namespace guidepost::worker
