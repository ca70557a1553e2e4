// Where a partition of ingest begins, and what it must know by then.
#pragma once

#include <functional>
#include <memory>

#include "base/arena.hpp"
#include "event/decoder.hpp"
#include "guidepost/ports/event_log.hpp"
#include "worker/ingest/chain_reader.hpp"
#include "worker/ingest/decider.hpp"
#include "worker/ingest/gap_check.hpp"
#include "worker/ingest/ingest_options.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {

/// What ingest commits besides the position: whose offset it is, and what holds there.
struct IngestCommit {
  SourceId source;
  RunId run;
  event::Era era = {};     ///< of the last block below the position
  Offset resolved = {};    ///< of the resolved log: blocks behind the position are not below it
  std::string encode() const;
  static std::optional<IngestCommit> decode(std::string_view metadata);
};

/// State at the position from which ingest goes on: a function of the two logs and the commit.
struct RecoveredIngest {
  Source source;
  Offset committed;                  ///< by the group, where it ever did
  ChainEnd chain;                    ///< decided so far: ingest goes on behind it
  event::Era era;                    ///< of what is decided from now on
  std::unique_ptr<Decider> decider;  ///< has passed what lies within reach below the chain's end
  /// [chain.offset, to) is gone and was given up: first of all that is to be decided, as lost.
  struct Lost {
    Offset to;
    TimeMs time;
  };
  std::optional<Lost> lost = {};
};

/// Finds source, commit and floor, then where the chain of blocks ends in the resolved log: what was decided behind the
/// commit, by whomever, is decided. Then it reads the last raw records before that again, without output. Where the log no
/// longer holds what comes next, it says so and waits for an operator to give that up.
/// Thread: the executor's. Blocks: never. Errors: kTopicChanged (the commit is of another topic of
/// that name), kOutOfRange (the log no longer holds what the window needs), kCorrupt (the commit, or a
/// record of the resolved log, is not of this program).
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
  struct Events {
    std::function<void(Result<RecoveredIngest>)> done;
    /// It has to wait; perhaps told again.
    std::function<void(const RecoveredIngest& so_far, const Gap& missing)> waits;
  };
  IngestRecovery(Needs needs, TopicPartition raw, TopicPartition resolved, std::string topic_id, Events events);
  void start();
  /// Nothing is called any more.
  void close();

  Executor& executor() { return needs_.executor; }
  bool closed() const { return closed_; }

 private:
  void check_topic();
  void find_source();
  void find_commit();
  std::optional<IngestCommit> checked(const std::string& metadata);
  void go_on_from(const Commit& commit);
  void begin_at(const StateTable::Beginning& beginning);
  void find_durable(ChainEnd known);
  void find_bounds(std::function<void()> then);
  void read_chain(ChainEnd known, std::function<void(Result<ChainEnd>)> then);
  void chain_found(const ChainEnd& end, const ChainEnd& counted);
  void check_bounds();
  void check_id();
  void check_gaps();
  void gap_checked(const GapCheck::Found& gap);
  void begin_behind(const Gap& given_up);
  void go_on_with(Offset known_from);
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
  TopicPartition resolved_;
  std::string topic_id_;
  Events events_;
  bool closed_ = false;
  LogBounds bounds_;
  std::shared_ptr<ChainReader> chain_;
  std::shared_ptr<GapCheck> gap_check_;
  RecoveredIngest found_;
  Offset counted_;  ///< what counts is decided up to here: behind the chain's end where blocks are gone
  /// Where records below the window's first one were removed: how long the topic keeps them.
  std::optional<std::chrono::milliseconds> cut_by_;
  std::optional<TimeMs> first_log_time_;  ///< of the window
  std::optional<TimeMs>
      undecided_log_time_;  ///< of the first record behind the chain's end; looked for where it is cut
  Arena arena_;
  Undecided decided_;  // not looked at: it is decided already
  std::unique_ptr<LogReader> reader_;
};

}  // namespace guidepost::worker
