// Where a partition of ingest begins, and what it must know by then.
#pragma once

#include <functional>
#include <memory>

#include "base/arena.hpp"
#include "event/decoder.hpp"
#include "guidepost/ports/event_log.hpp"
#include "worker/ingest/decider.hpp"
#include "worker/ingest/ingest_options.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {

/// What ingest commits besides the position: whose offset it is, and the mapping run that holds there.
struct IngestCommit {
  SourceId source;
  RunId run;
  RulesHash rules{};        ///< by which what lies below the position was decided
  Offset sessions_from{};   ///< and from where on: sessions meet no events below it
  std::string encode() const;
  static std::optional<IngestCommit> decode(std::string_view metadata);
};

/// State at the position from which ingest goes on: a function of the log and the commit.
struct RecoveredIngest {
  Source source;
  Offset position;
  RunId run;
  Offset sessions_from;              ///< see IngestCommit
  std::unique_ptr<Decider> decider;  ///< has passed what lies within reach below `position`
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
    enrich::Enricher& enricher;
    const IngestOptions& options;
    RulesHash rules;  ///< of today
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
  void with_beginning(std::function<void(const StateTable::Beginning&)> then);
  void check_window();
  void find_retention();
  void read_window(Offset from);
  void fetch_window();
  void pass_batch(const LogBatch& batch);
  bool looks_further(Offset next) const;
  Result<void> check_reach() const;
  void finish(Result<void> result);

  Needs needs_;
  TopicPartition partition_;
  std::string topic_id_;
  std::function<void(Result<RecoveredIngest>)> done_;
  bool closed_ = false;
  LogBounds bounds_;
  RecoveredIngest found_;
  /// Where records below the window's first one were removed: how long the topic keeps them.
  std::optional<std::chrono::milliseconds> cut_by_;
  std::optional<TimeMs> first_log_time_;      ///< of the window
  std::optional<TimeMs> undecided_log_time_;  ///< of the first record from `position` on; looked for where it is cut
  Arena arena_;
  Undecided decided_;  // not looked at: it is decided already
  std::unique_ptr<LogReader> reader_;
};

}  // namespace guidepost::worker
