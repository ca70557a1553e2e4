#include "worker/ingest/gap_check.hpp"

#include <algorithm>
#include <utility>

#include "worker/retry.hpp"

namespace guidepost::worker {

GapCheck::GapCheck(Executor& executor, EventLog& log, StateTable& state, TopicPartition raw, SourceId source,
                   Offset position, LogBounds bounds, Done done)
    : executor_(executor),
      log_(log),
      state_(state),
      raw_(std::move(raw)),
      source_(source),
      position_(position),
      bounds_(bounds),
      done_(std::move(done)) {}

void GapCheck::close() {
  closed_ = true;
  done_ = nullptr;
  reader_.reset();
}

void GapCheck::start() {
  ask_until_answered<std::vector<Gap>>(
      shared_from_this(), "what is missing of the source",
      [this](Completion<std::vector<Gap>> answer) { state_.gaps(std::move(answer)); },
      [this](Result<std::vector<Gap>> known) {
        if (!known) return finish(tl::unexpected(known.error()));
        compare(*known);
      });
}

void GapCheck::compare(const std::vector<Gap>& known) {
  std::optional<Gap> open;
  for (const auto& gap : known) {
    if (gap.source != source_) continue;
    if (!gap.accepted) {
      // Behind a cut the log may have grown over the position: what came meanwhile is passed over all the same.
      if (gap.to > position_ || (gap.cause == GapCause::kCut && gap.to == position_)) {
        open = gap;
        continue;
      }
      // Others, whose blocks were on their way, had decided it after all: nothing is left of it.
      return record_nothing_left(gap);
    }
    if (gap.to <= position_) found_.known_from = std::max(found_.known_from, gap.to);
    // Never over a record that is there.
    const bool here = gap.from <= position_ && position_ < std::min(gap.to, bounds_.begin);
    if (here && gap.cause == GapCause::kRetention) {
      found_.given_up = gap;
      found_.given_up->to = std::min(gap.to, bounds_.begin);
    }
    // What was given up is what the log takes next at offsets that were decided before.
    if (gap.cause == GapCause::kCut && gap.to == position_ && bounds_.end < position_) found_.open = gap;
  }
  if (found_.given_up || found_.open) return finish(found_);
  const bool passed = position_ < bounds_.begin;
  const bool cut = position_ > bounds_.end;
  if (!passed && !cut) {
    if (open && open->cause == GapCause::kCut) found_.open = open;
    return finish(found_);
  }
  Gap gap{.source = source_,
          .first = passed ? position_ : bounds_.end,
          .from = passed ? position_ : bounds_.end,
          .to = passed ? bounds_.begin : position_,
          .cause = passed ? GapCause::kRetention : GapCause::kCut,
          .after = {},
          .before = {},
          .seen = executor_.wall(),
          .accepted = {}};
  if (open && open->cause == gap.cause) {
    gap.first = open->first;
    gap.seen = open->seen;
    if (cut) gap.from = std::min(gap.from, open->from);
    if (gap.from == open->from && gap.to == open->to) {
      found_.open = open;
      return finish(found_);
    }
  }
  find_times(std::move(gap));
}

void GapCheck::find_times(Gap gap) {
  ask_until_answered<std::optional<DurablePosition>>(
      shared_from_this(), "durable position of the source",
      [this](Completion<std::optional<DurablePosition>> answer) { state_.durable(source_, std::move(answer)); },
      [this, gap = std::move(gap)](Result<std::optional<DurablePosition>> durable) mutable {
        if (!durable) return finish(tl::unexpected(durable.error()));
        if (*durable) gap.after = (*durable)->record_time;
        find_time_behind(std::move(gap));
      });
}

// Without a record behind it, it may go up to now.
void GapCheck::find_time_behind(Gap gap) {
  gap.before = executor_.wall();
  if (gap.cause == GapCause::kCut || bounds_.begin == bounds_.end) return record(gap);
  reader_ = log_.read(raw_, bounds_.begin);
  reader_->fetch({.max_records = 1, .max_bytes = Bytes{1024 * 1024}, .max_wait = std::chrono::milliseconds{1000}},
                 {executor_, [self = shared_from_this(), gap](Result<std::unique_ptr<LogBatch>> batch) mutable {
                    if (self->closed_) return;
                    if (batch && !(*batch)->records().empty()) gap.before = (*batch)->records().front().time;
                    self->record(gap);
                  }});
}

void GapCheck::record_nothing_left(Gap gap) {
  gap.from = gap.to;
  ask_until_answered<void>(
      shared_from_this(), "record that nothing is missing",
      [this, gap](Completion<void> answer) { state_.record_gap(gap, std::move(answer)); },
      [this](Result<void> recorded) { recorded ? start() : finish(tl::unexpected(recorded.error())); });
}

void GapCheck::record(const Gap& gap) {
  ask_until_answered<void>(
      shared_from_this(), "record of what is missing",
      [this, gap](Completion<void> answer) { state_.record_gap(gap, std::move(answer)); },
      [this, gap](Result<void> recorded) {
        if (!recorded) return finish(tl::unexpected(recorded.error()));
        found_.open = gap;
        finish(found_);
      });
}

void GapCheck::finish(Result<Found> result) {
  if (closed_) return;
  const auto done = std::exchange(done_, nullptr);  // it holds whoever asked
  close();
  done(std::move(result));
}

}  // namespace guidepost::worker
