#include "worker/ingest/ingest_partition.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "base/assert.hpp"
#include "base/text.hpp"
#include "identity/runs.hpp"
#include "worker/ingest/block_pieces.hpp"
#include "worker/ingest/ingest_rules.hpp"
#include "worker/retry.hpp"

namespace guidepost::worker {
namespace {

using event::Field;

constexpr std::size_t kNoKey = SIZE_MAX;
constexpr std::chrono::milliseconds kFetchWait{500};
constexpr std::size_t kSpareArenas = 4;
/// Offsets of a block after which it is cut whatever is in it: long ranges of holes count nowhere else.
constexpr std::int64_t kMostOffsets = 16'384;

void say(const Gap& gap) {
  if (gap.accepted) {
    return log::warn("waits_behind_a_cut", {{"source", gap.source.value}, {"until_offset", gap.to.value}});
  }
  const auto meaning =
      gap.cause == GapCause::kRetention
          ? "retention took these records before they were decided: no number has them"
          : "the log was cut below what was decided: what it takes at these offsets now is not counted";
  log::error("raw_records_missing", {{"source", gap.source.value},
                                     {"from", gap.from.value},
                                     {"to", gap.to.value},
                                     {"count", gap.count()},
                                     {"after", text::rfc3339(gap.after)},
                                     {"before", text::rfc3339(gap.before)},
                                     {"meaning", meaning},
                                     {"go_on_by", "guidepost gap accept " + to_string(gap)}});
}

}  // namespace

IngestPartition::IngestPartition(Needs needs, Partition partition, std::string topic_id, Failed failed)
    : PartitionWorker("ingest", needs.executor, needs.member, partition, std::move(failed)),
      needs_(needs),
      topic_id_(std::move(topic_id)),
      rules_(rules_of(needs.decoder, needs.enricher, needs.options)) {}

void IngestPartition::start() {
  recover();
  commit_every(needs_.options.commit_interval);
}

void IngestPartition::recover() {
  IngestRecovery::Needs needs{needs_.executor, needs_.log,      needs_.member,  needs_.state,
                              needs_.decoder,  needs_.enricher, needs_.options, rules_};
  recovery_ = std::make_shared<IngestRecovery>(
      needs, TopicPartition{needs_.names.raw_topic(), partition_},
      TopicPartition{needs_.names.resolved_topic(), partition_}, topic_id_,
      IngestRecovery::Events{
          [this, alive = shared_from_this()](Result<RecoveredIngest> found) { recovered(std::move(found)); },
          [this, alive = shared_from_this()](const RecoveredIngest& so_far, const Gap& gap) {
            wait_behind(so_far, gap);
          }});
  recovery_->start();
}

// The other partitions go on: a process that ended would take them with it, again at every start, and change nothing.
void IngestPartition::wait_behind(const RecoveredIngest& so_far, const Gap& gap) {
  if (closed() || draining()) return;
  if (needs_.options.fails_at_gap) {
    return fail_partition(
        {ErrorCode::kOutOfRange,
         fmt::format("offsets {} to {} of partition {} are gone before they were decided: retention has "
                     "overtaken this version, drop it and begin later",
                     gap.from.value, gap.to.value, partition_.value)});
  }
  source_ = so_far.source;
  taken_ = so_far.chain.offset;
  committed_ = so_far.committed;
  if (gap_ != gap) say(gap);
  gap_ = gap;
  if (shown()) missing_gauge_.set(gap.accepted ? 0 : gap.count());
  watch_lag_once();
  report("waiting");
}

void IngestPartition::watch_lag_once() {
  if (!std::exchange(lag_watched_, true)) watch_lag(needs_.log, {needs_.names.raw_topic(), partition_});
}

void IngestPartition::recovered(Result<RecoveredIngest> found) {
  recovery_.reset();
  if (closed()) return;
  if (!found) return fail_partition(found.error());
  const auto& chain = found->chain;
  source_ = found->source;
  lost_ = found->lost;
  taken_ = lost_ ? lost_->to : chain.offset;
  committed_ = found->committed;
  gap_.reset();
  if (shown()) missing_gauge_.set(0);
  view_.run = block_run_ = std::max(chain.run, needs_.options.least_run);
  era_ = found->era;
  decider_ = std::move(found->decider);
  // Whoever passed it may have died before it said so.
  if (chain.run > RunId{0}) markers_.push_back({chain.run, chain.offset});
  const auto while_open = [weak = weak_from_this()](auto then) {
    return [weak, then](auto... args) {
      if (const auto alive = weak.lock(); alive && !alive->closed()) then(std::move(args)...);
    };
  };
  BlockWriter::Events events{.stored = while_open([this] {
                               again_.reset();
                               fetch_ahead();
                               drained_if_empty();
                             }),
                             .overtaken = while_open([this] { overtaken(); }),
                             .refused = while_open([this](Error error) { fail_partition(std::move(error)); })};
  writer_ = std::make_shared<BlockWriter>(BlockWriter::Needs{needs_.executor, needs_.log, needs_.producer},
                                          TopicPartition{needs_.names.resolved_topic(), partition_}, source_.number,
                                          chain, era_, std::move(events));
  open_.decisions.from = open_.decisions.to = chain.offset;
  watch_lag_once();
  log::info("ingest_starts", {{"partition", partition_.value},
                              {"source", source_.number.value},
                              {"committed", committed_.value},
                              {"offset", taken_.value},
                              {"run", view_.run.value}});
  find_view();
}

// Someone else went on with this source, deciding otherwise. What was decided here behind that is about what does not count:
// it does not fit, and is decided anew.
void IngestPartition::overtaken() {
  log::warn("overtaken", {{"partition", partition_.value}, {"source", source_.number.value}});
  ingest_metrics().overtaken.add();
  overtaken_ = true;
  if (draining()) return close();
  waiting_.reset();
  fetch_ahead();
}

// Retention has passed the position, or the log was cut: where it begins now, recovery finds out.
void IngestPartition::out_of_range(Error error) {
  log::warn("log_does_not_hold",
            {{"partition", partition_.value}, {"offset", taken_.value}, {"message", error.message}});
  if (writer_) writer_->close();
  overtaken_ = true;
  waiting_.reset();
  begin_again();
}

/// When nothing is under way that would come back to what is thrown away here.
void IngestPartition::begin_again() {
  if (fetching() || batch_ || pausing_ || committing() || draining()) return;
  overtaken_ = false;
  report("recovering");
  const auto number = open_.number + 1;
  open_ = {};
  open_.number = number;
  markers_.clear();
  lost_.reset();
  decider_.reset();
  writer_.reset();
  // Others may go on for a while, until they hear that the partition is no longer theirs.
  needs_.executor.post_after(again_.next(), [this, alive = shared_from_this()] {
    if (!closed()) recover();
  });
}

void IngestPartition::find_view() {
  ask<identity::MappingView>(
      "mapping run",
      [this](Completion<identity::MappingView> answer) { needs_.resolver.pass_marker(view_.run, std::move(answer)); },
      [this](identity::MappingView view) {
        view_ = std::move(view);
        if (draining()) return;
        report("running");
        needs_.member.start(partition_, taken_);
        fetch_ahead();
      });
}

// One batch is fetched ahead while another one is being decided; none while too much is unacknowledged.
void IngestPartition::fetch_ahead() {
  if (overtaken_) return begin_again();
  if (waiting_ || !decider_ || pausing_) return;
  if (lost_) return give_up();
  if (writer_->unacknowledged_bytes() > needs_.options.max_unacknowledged.value) return;
  const auto& block = needs_.options.block;
  fetch({block.events, block.bytes, kFetchWait});
}

/// Decides a block of what is lost; there may be millions, so others of this thread get their turn.
void IngestPartition::give_up() {
  if (writer_->unacknowledged_bytes() > needs_.options.max_unacknowledged.value) return;
  auto& decisions = open_.decisions;
  decisions.to = std::min(decisions.from + kMostOffsets, lost_->to);
  for (auto at = decisions.from; at < decisions.to; at = at + 1) decisions.lost.push_back({at, lost_->time});
  if (decisions.to == lost_->to) lost_.reset();
  cut_block();
  pausing_ = true;
  needs_.executor.post([this, alive = shared_from_this()] {
    pausing_ = false;
    if (!closed() && !draining()) fetch_ahead();
  });
}

void IngestPartition::fetched(std::unique_ptr<LogBatch> batch) {
  if (overtaken_) return begin_again();
  if (batch->next() == batch->from()) return fetch_ahead();
  GUIDEPOST_ASSERT(!waiting_);
  watch_log_time(*batch);
  taken_ = batch->next();
  keep_pace(batch->records().size());
  waiting_ = std::move(batch);
  if (!batch_) take_next_batch();
}

/// With a rate, the next fetch waits for as long as these records should take.
void IngestPartition::keep_pace(std::size_t records) {
  if (needs_.options.rate == 0) return;
  pausing_ = true;
  const auto time = std::chrono::milliseconds{1000 * records / needs_.options.rate};
  needs_.executor.post_after(time, [this, alive = shared_from_this()] {
    pausing_ = false;
    if (!closed() && !draining()) fetch_ahead();
  });
}

// A clock that jumps back by more than the window reaches (a broker's was wrong, ahead or behind) makes time stand still
// for duplicates: more is remembered than should be, and what a restart rebuilds may be less. A person has to know.
void IngestPartition::watch_log_time(const LogBatch& batch) {
  for (const auto& record : batch.records()) {
    if (log_time_ && *log_time_ - record.time > needs_.options.dedupe_horizon) {
      ingest_metrics().steps_back.add();
      log::error("log_time_stepped_back", {{"partition", partition_.value},
                                           {"offset", record.offset.value},
                                           {"by_seconds", (*log_time_ - record.time).count() / 1000}});
      log_time_ = record.time;  // told once a step
    }
    log_time_ = log_time_ ? std::max(*log_time_, record.time) : record.time;
  }
}

void IngestPartition::take_next_batch() {
  if (!waiting_ || draining() || closed()) return;
  std::size_t bytes = 0;
  for (const auto& record : waiting_->records()) bytes += record.key.size() + record.value.size();
  const auto& limits = needs_.options.block;
  const bool fits =
      open_.records + waiting_->records().size() <= limits.events && open_.bytes + bytes <= limits.bytes.value;
  if (open_.records > 0 && !fits) cut_block();
  open_.records += waiting_->records().size();
  open_.bytes += bytes;
  batch_ = std::move(waiting_);
  batch_taken_ = 0;
  if (spare_arenas_.empty()) {
    arena_ = std::make_unique<Arena>();
  } else {
    arena_ = std::move(spare_arenas_.back());
    spare_arenas_.pop_back();
  }
  fetch_ahead();
  decide_rest();
}

void IngestPartition::decide_rest() {
  const std::span records(batch_->records());
  decider_->decide(records.subspan(batch_taken_), open_.decisions.to, batch_->next(), *arena_, undecided_);
  keys_.clear();
  key_of_.clear();
  for (const auto& accepted : undecided_.accepted) {
    const bool device = (accepted.flags & event::kNoDevice) == 0;
    key_of_.push_back(device ? keys_.size() : kNoKey);
    if (device) keys_.push_back({accepted.text[Field::kMerchant], accepted.text[Field::kGuid]});
  }
  if (keys_.empty() || view_.run == RunId{0}) {
    std::fill(key_of_.begin(), key_of_.end(), kNoKey);
    return resolve(identity::Histories{});
  }
  ask<identity::Histories>(
      "mapping of a batch",
      [this](Completion<identity::Histories> answer) { needs_.resolver.lookup(keys_, std::move(answer)); },
      [this](const identity::Histories& histories) {
        if (!draining()) resolve(histories);
      });
}

void IngestPartition::resolve(const identity::Histories& histories) {
  const identity::History nothing;
  for (std::size_t i = 0; i < undecided_.accepted.size(); ++i) {
    auto& accepted = undecided_.accepted[i];
    const auto history = key_of_[i] == kNoKey ? nothing : histories[key_of_[i]];
    const auto resolution = identity::resolve(history, view_, accepted.time, accepted.text[Field::kClaimedCustomer],
                                              needs_.options.resolve);
    accepted.text[Field::kCustomer] = arena_->copy(resolution.customer);
    accepted.resolved_by = resolution.by;
  }
  segment_decided();
}

void IngestPartition::segment_decided() {
  auto& decisions = open_.decisions;
  auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(decisions.accepted, undecided_.accepted);
  append(decisions.bad, undecided_.bad);
  append(decisions.duplicates, undecided_.duplicates);
  append(decisions.skipped, undecided_.skipped);
  append(decisions.changes, undecided_.changes);
  append(decisions.earlier, undecided_.subjects);
  decisions.to = undecided_.next;
  batch_taken_ += undecided_.records_taken;
  if (undecided_.marker) return pass_marker();
  segment_done();
}

void IngestPartition::segment_done() {
  if (open_.decisions.to - open_.decisions.from >= kMostOffsets) cut_block();
  if (batch_taken_ < batch_->records().size() || open_.decisions.to < batch_->next()) return decide_rest();
  batch_decided();
}

void IngestPartition::pass_marker() {
  if (undecided_.marker->run <= view_.run) return segment_done();  // a repeated marker changes nothing
  ask_until_answered<identity::MappingView>(
      shared_from_this(), "mapping run of a marker",
      [this, run = undecided_.marker->run](Completion<identity::MappingView> answer) {
        needs_.resolver.pass_marker(run, std::move(answer));
      },
      [this](Result<identity::MappingView> view) {
        if (draining()) return;
        if (!view && view.error().code == ErrorCode::kInvalidArgument) {
          // Whoever wrote it, no refresh did: like any record that cannot be read it stops nothing.
          log::error(
              "marker_of_no_run",
              {{"partition", partition_.value}, {"before", undecided_.next.value}, {"message", view.error().message}});
          return segment_done();
        }
        if (!view) return fail_partition(view.error());
        view_ = std::move(*view);
        markers_.push_back({view_.run, open_.decisions.to});
        log::info("marker_passed",
                  {{"partition", partition_.value}, {"run", view_.run.value}, {"offset", open_.decisions.to.value}});
        cut_block();  // so that all of a block but its end is of one run
        segment_done();
      });
}

void IngestPartition::batch_decided() {
  const bool first = open_.batches.empty();
  open_.batches.push_back(std::move(batch_));
  open_.arenas.push_back(std::move(arena_));
  const auto& limits = needs_.options.block;
  if (open_.records >= limits.events || open_.bytes >= limits.bytes.value || limits.age.count() == 0) {
    cut_block();
  } else if (first) {
    cut_block_later();
  }
  if (waiting_)
    return needs_.executor.post([this, alive = shared_from_this()] {
      if (!batch_) take_next_batch();
    });
  fetch_ahead();
}

void IngestPartition::cut_block_later() {
  needs_.executor.post_after(needs_.options.block.age, [this, alive = shared_from_this(), number = open_.number] {
    if (closed() || draining() || open_.number != number) return;
    // In the middle of a batch the block ends with the batch: its number of bytes and its views are one piece.
    if (batch_) return cut_block_later();
    cut_block();
  });
}

void IngestPartition::cut_block() {
  if (open_.decisions.from < open_.decisions.to && !overtaken_) send_block();
  // Also of a block that ends where it began, since it was cut in the middle of its batch: the next one is another block.
  for (auto& arena : open_.arenas) {
    if (spare_arenas_.size() >= kSpareArenas) break;
    arena->reset();
    spare_arenas_.push_back(std::move(arena));
  }
  open_.batches.clear();
  open_.arenas.clear();
  open_.records = open_.bytes = 0;
  ++open_.number;
}

void IngestPartition::send_block() {
  auto& decisions = open_.decisions;
  decisions.source = source_.number;
  decisions.era = era_;
  decisions.run = view_.run;
  std::erase_if(decisions.earlier, [&](const event::Accepted& e) { return e.offset >= decisions.from; });
  event::sort_subjects(decisions.earlier);
  count(decisions);
  const auto end = decisions.to;
  for (const auto& piece : pieces_of(std::move(decisions), needs_.options.block.encoded, block_run_)) {
    writer_->send({piece.from, piece.to, piece.run, event::encode_block(piece)});
  }
  block_run_ = view_.run;
  decisions = {};
  decisions.from = decisions.to = end;
}

// The state table learns which markers were passed before the commit that lies behind them.
void IngestPartition::commit() {
  if (committing() || overtaken_ || !writer_ || writer_->decided().offset <= committed_) return;
  begin_commit();
  const auto decided = writer_->decided();
  std::optional<StateTable::PassedMarker> passed;
  while (!markers_.empty() && markers_.front().offset <= decided.offset) {
    passed = markers_.front();
    markers_.pop_front();
  }
  if (!passed) return commit_position(decided);
  ask<void>(
      "state of markers",
      [this, marker = *passed](Completion<void> answer) {
        needs_.state.put_passed_marker(source_.number, marker, std::move(answer));
      },
      [this, decided] { commit_position(decided); });
}

void IngestPartition::commit_position(const ChainEnd& decided) {
  const IngestCommit commit{source_.number, decided.run, decided.era.value_or(era_), decided.resolved};
  send_commit({decided.offset, commit.encode()});
}

void IngestPartition::commit_answered() {
  if (overtaken_) return begin_again();
  drained_if_empty();
}

void IngestPartition::finish() {
  if (!writer_ || overtaken_) return close();
  waiting_.reset();
  // A batch in the middle of being decided is given up: whoever comes next decides it again.
  if (!batch_) cut_block();
  drained_if_empty();
}

void IngestPartition::drained_if_empty() {
  if (!draining() || !writer_ || !writer_->empty()) return;
  if (writer_->decided().offset <= committed_) return close();
  commit();
}

void IngestPartition::drop() {
  if (recovery_) recovery_->close();
  recovery_.reset();
  if (writer_) writer_->close();
  waiting_.reset();
}

void IngestPartition::describe(PartitionStatus& status) const {
  status.position = taken_;
  status.gap = gap_;
  if (!writer_ && !gap_) return;
  status.source = source_.number;
  status.pending = writer_ ? writer_->unacknowledged_bytes() : 0;
}

void IngestPartition::count(const event::Decisions& decisions) {
  auto& metrics = ingest_metrics();
  metrics.accepted.add(static_cast<double>(decisions.accepted.size()));
  metrics.duplicates.add(static_cast<double>(decisions.duplicates.size()));
  metrics.skipped.add(static_cast<double>(decisions.skipped.size()));
  metrics.lost.add(static_cast<double>(decisions.lost.size()));
  for (const auto& bad : decisions.bad) metrics.bad[static_cast<std::size_t>(bad.reason)].add();
  metrics.blocks.add();
}

}  // namespace guidepost::worker
