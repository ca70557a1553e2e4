// Life of the partition and the applying of blocks; loading is in aggregate_loading.cpp, writing and
// committing in aggregate_writing.cpp, the alarm about missing blocks in aggregate_missing.cpp.
#include "worker/aggregate/aggregate_partition.hpp"

#include <fmt/format.h>
#include <utility>

#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/chain.hpp"

namespace guidepost::worker {
namespace {

using event::Field;

constexpr FetchLimits kFetch{
    .max_records = 64, .max_bytes = Bytes{4 * 1024 * 1024}, .max_wait = std::chrono::milliseconds{500}};

}  // namespace

AggregatePartition::AggregatePartition(Needs needs, Partition partition, Failed failed)
    : PartitionWorker("aggregate", needs.executor, needs.member, partition, std::move(failed)), needs_(needs) {}

// Start or reassignment: nothing survives from earlier ownership.
void AggregatePartition::start() {
  ask_while<std::optional<Commit>>(
      "commit of aggregate", restarts_,
      [this](Completion<std::optional<Commit>> answer) { needs_.member.committed(partition_, std::move(answer)); },
      [this](std::optional<Commit> commit) {
        if (commit) return begin_at(commit->position);
        // Never committed: from the beginning of the log, never from "latest".
        ask_while<LogBounds>(
            "bounds of the resolved partition", restarts_,
            [this](Completion<LogBounds> answer) {
              needs_.log.bounds({needs_.names.resolved_topic(), partition_}, std::move(answer));
            },
            [this](LogBounds bounds) { begin_at(bounds.begin); });
      });
}

void AggregatePartition::begin_at(Offset resolved) {
  began_ = committed_ = read_ = resolved;
  log::info("aggregate_starts", {{"partition", partition_.value}, {"resolved", resolved.value}});
  restart_from_commit();
  tick_later();
  commit_every(needs_.options.commit_interval);
  watch_lag(needs_.log, {needs_.names.resolved_topic(), partition_});
  look_for_missing_later();
}

void AggregatePartition::restart_from_commit() {
  ++restarts_;
  ++applying_;
  forget_commit();
  if (writer_) writer_->close();
  sources_.clear();
  obligations_.clear();
  batch_.reset();
  current_.reset();
  read_ = committed_;
  const auto while_open = [weak = weak_from_this()](auto then) {
    return [weak, then](auto... args) {
      if (const auto alive = weak.lock(); alive && !alive->closed()) then(std::move(args)...);
    };
  };
  TableWriter::Events events{.settled = while_open([this] { settled(); }),
                             .refused = while_open([this](Error error) { fail_partition(std::move(error)); })};
  writer_ = std::make_shared<TableWriter>(needs_.executor, needs_.tables, obligations_, std::move(events));
  report("running");
  needs_.member.start(partition_, read_);
  fetch(kFetch);
}

void AggregatePartition::fetched(std::unique_ptr<LogBatch> batch) {
  if (go_back_to_) return go_back();
  batch_ = std::move(batch);
  batch_taken_ = 0;
  next_block();
}

void AggregatePartition::next_block() {
  if (draining() || closed() || current_ || !batch_ || overloaded()) return;
  if (batch_taken_ == batch_->records().size()) {
    read_ = batch_->next();
    batch_.reset();
    return fetch(kFetch);
  }
  const auto& record = batch_->records()[batch_taken_];
  auto block = event::Block::decode(record.value);
  if (!block) {
    return fail_partition(
        {block.error().code, fmt::format("block at resolved offset {} of partition {}: {}", record.offset.value,
                                         partition_.value, block.error().message)});
  }
  current_.emplace(Current{record.offset, std::move(*block)});
  find_source(current_->block.decisions().source);
}

void AggregatePartition::find_source(SourceId id) {
  if (const auto known = sources_.find(id); known != sources_.end()) {
    current_->source = known->second.get();
    return block_ready();
  }
  ask_while<std::optional<DurablePosition>>(
      "durable position of a source", applying_,
      [this, id](Completion<std::optional<DurablePosition>> answer) { needs_.state.durable(id, std::move(answer)); },
      [this, id](std::optional<DurablePosition> durable) {
        if (durable) return source_found(id, *durable);
        ask_while<Offset>(
            "floor of a source", applying_,
            [this, id](Completion<Offset> answer) { needs_.state.floor(id, std::move(answer)); },
            [this, id](Offset floor) { source_found(id, {floor, TimeMs{}}, floor); });
      });
}

void AggregatePartition::source_found(SourceId id, DurablePosition chain, std::optional<Offset> began) {
  auto made = std::make_unique<SourceState>(SourceState{
      id, chain, chain, began, PageTable(needs_.options.flush, obligations_), LedgerTable(id, obligations_), {}});
  current_->source = made.get();
  sources_[id] = std::move(made);
  log::info("source_chain", {{"partition", partition_.value}, {"source", id.value}, {"offset", chain.offset.value}});
  newest_source_ = id;
  block_ready();
}

// Rule 6: pass what was applied, apply what goes on from the chain (from its middle where need be), and never apply what
// does not.
void AggregatePartition::block_ready() {
  const auto& decisions = current_->block.decisions();
  const auto chain = current_->source->chain.offset;
  const auto how = fit(chain, current_->source->chain.era, decisions);
  if (how == Fit::kGap) return gap();
  if (how == Fit::kOtherEra) {
    log::warn("block_of_another_era", {{"partition", partition_.value},
                                       {"source", decisions.source.value},
                                       {"from", decisions.from.value},
                                       {"to", decisions.to.value},
                                       {"chain", chain.value}});
    aggregate_metrics().blocks_of_other_eras.add();
    return block_done();
  }
  if (how == Fit::kPassed) {
    aggregate_metrics().blocks_passed.add();
    return block_done();
  }
  if (decisions.from < chain) {
    aggregate_metrics().blocks_trimmed.add();
    log::info("block_trimmed", {{"source", decisions.source.value},
                                {"from", decisions.from.value},
                                {"to", decisions.to.value},
                                {"chain", chain.value}});
  }
  load_missing();
}

// Someone else may have gone on from here meanwhile: D tells. Else blocks are missing: they are not
// made up, the alarm stays, and reading goes on.
void AggregatePartition::gap() {
  const auto id = current_->source->id;
  ask_while<std::optional<DurablePosition>>(
      "durable position of a source", applying_,
      [this, id](Completion<std::optional<DurablePosition>> answer) { needs_.state.durable(id, std::move(answer)); },
      [this, id](std::optional<DurablePosition> durable) {
        const auto from = current_->block.decisions().from;
        if (durable && durable->offset >= from) {
          log::warn("superseded",
                    {{"partition", partition_.value}, {"source", id.value}, {"durable", durable->offset.value}});
          return restart_from_commit();
        }
        look_back([this, applying = applying_] {
          if (applying == applying_) say_gap();  // else the block was given up meanwhile
        });
      });
}

// The commit promises that the tables have what is below it. Tables that came back from a backup do not know of it: what
// they lack is in the log still, before the commit. Blocks that they have are passed, as ever.
void AggregatePartition::look_back(std::function<void()> otherwise) {
  if (looked_back_ || draining()) return otherwise();
  looked_back_ = true;
  ask_while<LogBounds>(
      "bounds of the resolved partition", restarts_,
      [this](Completion<LogBounds> answer) {
        needs_.log.bounds({needs_.names.resolved_topic(), partition_}, std::move(answer));
      },
      [this, otherwise = std::move(otherwise)](LogBounds bounds) {
        if (bounds.begin >= began_ || draining()) return otherwise();
        log::warn("tables_behind_commit", {{"partition", partition_.value},
                                           {"commit", began_.value},
                                           {"from", bounds.begin.value},
                                           {"meaning",
                                            "the tables are older than the commit: the resolved log is read "
                                            "again from its beginning"}});
        go_back_to_ = bounds.begin;
        if (!fetching()) go_back();  // else when that is answered
      });
}

void AggregatePartition::go_back() {
  committed_ = *std::exchange(go_back_to_, std::nullopt);
  restart_from_commit();
  look_for_missing();
}

void AggregatePartition::say_gap() {
  aggregate_metrics().gaps.add();
  log::error("gap_in_resolved_log", {{"partition", partition_.value},
                                     {"source", current_->source->id.value},
                                     {"chain", current_->source->chain.offset.value},
                                     {"next_block", current_->block.decisions().from.value},
                                     {"resolved", current_->at.value}});
  block_done();
}

/// Changes the page of `event`, unless what `cause` brings is in the stored one already (rule 7).
template <class Change>
void AggregatePartition::fold(SourceState& source, const event::Accepted& event, Offset cause, Change change) {
  auto* slot = source.pages.find(event.text[Field::kMerchant], Bucket::of(event.time));
  if (cause < slot->page.position()) return;
  change(slot->page);
  source.pages.touched(*slot, current_->at, needs_.executor.now());
}

void AggregatePartition::apply() {
  const auto& decisions = current_->block.decisions();
  auto& source = *current_->source;
  const auto chain = source.chain.offset;
  const auto now = needs_.executor.now();
  write_rows(decisions, chain);
  for (const auto& accepted : decisions.accepted) {
    if (accepted.offset < chain) continue;
    fold(source, accepted, accepted.offset, [&](rollup::Page& page) { page.add(accepted, decisions.era.rules); });
    for (const auto& change : decisions.changes_of(accepted.offset)) {
      const auto& subject = *decisions.subject(change);
      fold(source, subject, change.cause, [&](rollup::Page& page) { page.add(change, subject, decisions.era.rules); });
    }
  }
  source.ledger.count(decisions, chain, current_->at, now);
  auto record_time = source.chain.record_time;
  for (const auto& e : decisions.accepted) record_time = std::max(record_time, e.record_time);
  source.chain = {decisions.to, record_time, decisions.era};
  aggregate_metrics().blocks.add();
  aggregate_metrics().events.add(static_cast<double>(decisions.accepted.size()));
  block_done();
}

void AggregatePartition::block_done() {
  read_ = current_->at + 1;
  auto& source = *current_->source;
  source.marks.push_back({read_, source.chain});
  ++batch_taken_;
  current_.reset();
  write_due_pages();
  // A task a block: others of this thread get their turn.
  needs_.executor.post([this, alive = shared_from_this()] { next_block(); });
}

void AggregatePartition::finish() {
  if (!writer_) return close();
  // A block that is still loading pages is given up: it lies behind the commit.
  current_.reset();
  ++applying_;
  write_all();
  drained_if_clean();
}

void AggregatePartition::drained_if_clean() {
  if (!draining() || closed() || !obligations_.empty() || committing()) return;
  if (committed_ >= read_) return close();
  commit();
}

void AggregatePartition::flush() {
  if (closed() || draining() || !writer_) return;
  if (flushing_ && !writer_->idle()) return;  // the last one is still on its way
  flushing_ = true;
  write_all();
  settled();
}

void AggregatePartition::settled() {
  if (draining()) {
    write_all();  // what waited for an earlier put of its own page
    return drained_if_clean();
  }
  if (flushing_ && obligations_.empty()) commit();
  next_block();
}

void AggregatePartition::drop() {
  if (writer_) writer_->close();
  batch_.reset();
  current_.reset();
}

void AggregatePartition::describe(PartitionStatus& status) const {
  status.source = newest_source_;
  status.position = read_;
  status.pending = writer_ ? writer_->outstanding_bytes() : 0;
  status.missing = missing_;
}

}  // namespace guidepost::worker
