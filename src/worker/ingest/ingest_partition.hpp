// The state machine of ingest for one raw partition: fetch, decide, resolve, pack, send, commit.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/names.hpp"
#include "enrich/enricher.hpp"
#include "event/decoder.hpp"
#include "guidepost/event/block.hpp"
#include "guidepost/ports/event_log.hpp"
#include "identity/resolver.hpp"
#include "worker/ingest/block_writer.hpp"
#include "worker/ingest/decider.hpp"
#include "worker/ingest/ingest_metrics.hpp"
#include "worker/ingest/ingest_options.hpp"
#include "worker/ingest/ingest_recovery.hpp"
#include "worker/partition_worker.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {

/// Decides about every raw offset of its partition, once it may, and sends the decisions as blocks.
class IngestPartition final : public PartitionWorker {
 public:
  /// What it works with; all of it outlives the partition. One thread's partitions share it.
  struct Needs {
    Executor& executor;
    EventLog& log;
    GroupMember& member;
    StateTable& state;
    ProducerSlot& producer;
    identity::Resolver& resolver;
    event::Decoder& decoder;
    enrich::Enricher& enricher;
    const IngestOptions& options;
    const Names& names;
  };
  IngestPartition(Needs needs, Partition partition, std::string topic_id, Failed failed);

  void start() override;

 private:
  /// Decided records that wait for the rest of their block, and the memory that their views point into.
  struct OpenBlock {
    event::Decisions decisions;
    std::vector<std::unique_ptr<LogBatch>> batches;
    std::vector<std::unique_ptr<Arena>> arenas;
    std::size_t records = 0;
    std::size_t bytes = 0;
    std::uint64_t number = 0;
  };

  void fetched(std::unique_ptr<LogBatch> batch) override;
  void out_of_range(Error error) override;
  void commit() override;
  void commit_answered() override;
  void finish() override;
  void drop() override;
  void describe(PartitionStatus& status) const override;

  void recover();
  void recovered(Result<RecoveredIngest> found);
  void wait_behind(const RecoveredIngest& so_far, const Gap& gap);
  void watch_lag_once();
  void overtaken();
  void begin_again();
  void find_view();
  void fetch_ahead();
  void give_up();
  void take_next_batch();
  void watch_log_time(const LogBatch& batch);
  void keep_pace(std::size_t records);
  void decide_rest();
  void resolve(const identity::Histories& histories);
  void segment_decided();
  void segment_done();
  void pass_marker();
  void batch_decided();
  void cut_block();
  void send_block();
  void cut_block_later();
  void commit_position(const ChainEnd& decided);
  void drained_if_empty();
  void count(const event::Decisions& decisions);

  Needs needs_;
  std::string topic_id_;

  std::shared_ptr<IngestRecovery> recovery_;
  std::unique_ptr<Decider> decider_;
  std::shared_ptr<BlockWriter> writer_;
  Source source_;
  identity::MappingView view_;
  RunId block_run_;        // that holds at the beginning of the open block
  event::Era era_;  // of what is decided here
  RulesHash rules_;
  bool lag_watched_ = false;
  bool overtaken_ = false;  // by someone who decides otherwise, or by retention: all is to begin again
  std::optional<Gap> gap_;  // what it waits behind
  std::optional<RecoveredIngest::Lost> lost_;  // to be decided before anything is fetched
  MissingRecords missing_gauge_{partition_};
  Backoff again_;
  std::optional<TimeMs> log_time_;  // latest so far
  Offset taken_;  // end of the offsets fetched
  bool pausing_ = false;  // nothing is fetched for a while, to keep to a rate

  std::unique_ptr<LogBatch> waiting_;  // fetched while another batch is being decided
  std::unique_ptr<LogBatch> batch_;    // being decided
  std::size_t batch_taken_ = 0;        // records of it that are decided
  std::unique_ptr<Arena> arena_;
  std::vector<std::unique_ptr<Arena>> spare_arenas_;
  Undecided undecided_;
  std::vector<identity::GuidKey> keys_;
  std::vector<std::size_t> key_of_;  // accepted event -> its key; kNoKey: not looked up
  OpenBlock open_;

  std::deque<StateTable::PassedMarker> markers_;  // passed, not in the state table yet
};

}  // namespace guidepost::worker
