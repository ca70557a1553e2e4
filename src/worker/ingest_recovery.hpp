// Where a partition of ingest begins, and what it must know by then.
#pragma once

#include <functional>
#include <memory>

#include "base/arena.hpp"
#include "event/decoder.hpp"
#include "guidepost/ports/event_log.hpp"
#include "worker/dedupe_window.hpp"
#include "worker/ingest_options.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {

/// What ingest commits besides the position: whose offset it is, and the mapping run that holds there.
struct IngestCommit {
  SourceId source;
  RunId run;
  std::string encode() const;
  static std::optional<IngestCommit> decode(std::string_view metadata);
};

/// State at the position from which ingest goes on: a function of the log and the commit.
struct RecoveredIngest {
  Source source;
  Offset position;
  RunId run;
  DedupeWindow window;
  std::optional<TimeMs> last_record_time;  ///< of the record before `position`
};

/// Finds source, commit and floor, then reads the last records before the commit again, without output.
/// Thread: the executor's. Blocks: never. Errors: kTopicChanged (the commit is of another topic of
/// that name), kOutOfRange (the log no longer holds the commit, or what the window needs).
class IngestRecovery : public std::enable_shared_from_this<IngestRecovery> {
 public:
  struct Needs {
    Executor& executor;
    EventLog& log;
    GroupMember& member;
    StateTable& state;
    event::Decoder& decoder;
    const IngestOptions& options;
  };
  IngestRecovery(Needs needs, TopicPartition partition, std::string topic_id,
                 std::function<void(Result<RecoveredIngest>)> done);
  void start();
  /// Nothing is called any more.
  void close() { closed_ = true; }

  Executor& executor() { return needs_.executor; }
  bool closed() const { return closed_; }

 private:
  void check_topic();
  void find_source();
  void find_commit();
  void check_commit(std::optional<Commit> commit);
  void check_bounds();
  void check_window();
  void read_window(Offset from);
  void fetch_window();
  void pass_batch(const LogBatch& batch);
  void finish(Result<void> result);

  Needs needs_;
  TopicPartition partition_;
  std::string topic_id_;
  std::function<void(Result<RecoveredIngest>)> done_;
  bool closed_ = false;
  LogBounds bounds_;
  RecoveredIngest found_;
  bool window_cut_ = false;
  std::optional<TimeMs> first_log_time_;
  TimeMs last_log_time_;
  Arena arena_;
  std::unique_ptr<LogReader> reader_;
};

}  // namespace guidepost::worker
