// The state machine of aggregate for one resolved partition: fetch blocks, apply them, write pages, commit.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "guidepost/event/block.hpp"
#include "guidepost/ports/event_log.hpp"
#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/aggregate/ledger_table.hpp"
#include "worker/aggregate/page_table.hpp"
#include "worker/aggregate/table_writer.hpp"
#include "worker/partition_worker.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {

/// What aggregate commits beside its position: nothing but the version of this. What it must know is in the tables.
inline constexpr std::string_view kAggregateCommit = "v1";

struct AggregateOptions {
  rollup::PageLimits page;
  FlushRule flush;
  Bytes page_memory{256 * 1024 * 1024};     ///< of one source's pages
  Bytes max_outstanding{32 * 1024 * 1024};  ///< of one partition's puts without an acknowledgement
  Bytes page_put{8 * 1024 * 1024};  ///< a page whose changes take more is written in several puts
  std::chrono::milliseconds commit_interval{1000};
  std::chrono::milliseconds tick{100};           ///< how often ages are looked at
  std::chrono::milliseconds look_for_missing{15'000};  ///< how often what is applied is held against what was decided
  TableOptions tables;
  std::string writer = "aggregate";  ///< the name of this process in the history of positions
};

/// Applies the blocks of its partition to the tables by the rules of section 4 of the design. It asks
/// no clock, no mapping and no rule about the content: the resolved log decides.
class AggregatePartition final : public PartitionWorker {
 public:
  /// What it works with; all of it outlives the partition.
  struct Needs {
    Executor& executor;
    GroupMember& member;
    EventLog& log;
    TableStore& tables;
    StateTable& state;
    const AggregateOptions& options;
    const Names& names;
  };
  AggregatePartition(Needs needs, Partition partition, Failed failed);

  void start() override;
  void flush() override;

 private:
  /// Where the chain stood after the block before a resolved offset.
  struct ChainMark {
    Offset resolved;
    DurablePosition chain;
  };
  /// Everything about one source. There is one per partition, but for topics that were made again.
  struct SourceState {
    SourceId id;
    DurablePosition chain;  ///< applied up to here, in memory
    DurablePosition durable;  ///< D, as last written
    std::optional<Offset> began;  ///< where the chain began, until there is a D
    PageTable pages;
    LedgerTable ledger;
    std::deque<ChainMark> marks;
  };
  /// The block being applied.
  struct Current {
    Offset at;
    event::Block block;
    SourceState* source = nullptr;
    int loads = 0;  ///< reads under way
    int pages_continued = 0;  ///< loaded pages that hold something already
  };

  void fetched(std::unique_ptr<LogBatch> batch) override;
  void commit() override;
  void commit_answered() override;
  void finish() override;
  void drop() override;
  void describe(PartitionStatus& status) const override;

  void begin_at(Offset resolved);
  void restart_from_commit();
  void next_block();
  void find_source(SourceId source);
  void source_found(SourceId source, DurablePosition chain, std::optional<Offset> began = {});
  void block_ready();
  void gap();
  void look_back(std::function<void()> otherwise);
  void go_back();
  void say_gap();
  void load_missing();
  void load_pages(Month month, std::vector<rollup::PageKey> keys);
  void load_split_pages(Month month, std::vector<rollup::PageKey> keys, std::vector<Row> rows);
  void place_split_pages(Month month, std::vector<rollup::PageKey> keys, const std::vector<std::uint8_t>& asked,
                         std::vector<Row> rows);
  void place_page(const rollup::PageKey& key, const Row& row);
  void load_ledger(std::vector<RowGet> gets);
  void load_done();
  void apply();
  template <class Change>
  void fold(SourceState& source, const event::Accepted& event, Offset cause, Change change);
  void write_rows(const event::Decisions& decisions, Offset chain);
  void block_done();
  bool overloaded();
  void tick_later();
  void write_due_pages();
  void write_all();
  void write_pages(SourceState& source, const std::vector<PageTable::Slot*>& slots);
  void write_large_page(Month month, PageTable::Slot& slot, RowPut page, std::vector<Offset> held);
  void write_ledger(SourceState& source);
  void settled();
  void drained_if_clean();
  void look_for_missing_later();
  void look_for_missing();
  void compare_with_decided();
  void say_missing(std::optional<std::pair<Offset, Offset>> missing);

  /// Asks until there is an answer; one that comes after `counter` has risen is dropped.
  template <class T, class Ask, class Done>
  void ask_while(std::string_view what, const std::uint64_t& counter, Ask ask, Done done) {
    this->ask<T>(what, std::move(ask), [&counter, asked = counter, done = std::move(done)](auto... answer) mutable {
      if (asked == counter) done(std::move(answer)...);
    });
  }

  Needs needs_;
  bool flushing_ = false;  // commit as soon as what is written is durable
  // Answers to questions from before are dropped: those of applying at a restart and at a drain, those
  // of a commit at a restart alone.
  std::uint64_t applying_ = 0;
  std::uint64_t restarts_ = 0;

  Obligations obligations_;
  std::shared_ptr<TableWriter> writer_;
  std::map<SourceId, std::unique_ptr<SourceState>> sources_;

  std::unique_ptr<LogBatch> batch_;
  std::size_t batch_taken_ = 0;
  std::optional<Current> current_;
  Offset read_;  // resolved offset up to which blocks are applied, passed or skipped
  std::optional<SourceId> newest_source_;
  Offset began_;  ///< the commit that was found at the start
  bool looked_back_ = false;  ///< at the beginning of the resolved log, for the blocks before a gap
  std::optional<Offset> go_back_to_;  ///< once no fetch is under way

  /// What ingest had decided, and how far the resolved log went after that was read.
  struct Decided {
    SourceId source;
    Offset committed;
    Offset resolved_end;
  };
  std::optional<Decided> decided_;  // to be compared once the log is read that far
  std::optional<std::pair<Offset, Offset>> missing_;
  MissingOffsets missing_gauge_{partition_};
};

}  // namespace guidepost::worker
