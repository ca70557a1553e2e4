// Rule 12: an alarm that no restart forgets. What ingest has committed as decided must be in the tables once the
// resolved log is read to its end; where it is not, blocks are missing. Computed from the log and the state alone.
#include <fmt/format.h>

#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/aggregate/aggregate_partition.hpp"
#include "worker/ingest/ingest_recovery.hpp"

namespace guidepost::worker {

void AggregatePartition::look_for_missing_later() {
  needs_.executor.post_after(needs_.options.look_for_missing, [this, alive = shared_from_this()] {
    if (closed() || draining()) return;
    look_for_missing();
    look_for_missing_later();
  });
}

// First what was decided, then where the log ends: every block of the one is below the other. What fails is tried
// again the next time.
void AggregatePartition::look_for_missing() {
  decided_.reset();
  needs_.log.committed(
      needs_.names.ingest_group(), {needs_.names.raw_topic(), partition_},
      {needs_.executor, [this, alive = shared_from_this()](Result<std::optional<Commit>> commit) {
         if (closed() || !commit || !*commit) return;
         const auto whose = IngestCommit::decode((*commit)->metadata);
         if (!whose) return;
         needs_.log.bounds({needs_.names.resolved_topic(), partition_},
                           {needs_.executor, [this, alive, whose, at = (*commit)->position](Result<LogBounds> bounds) {
                              if (closed() || !bounds) return;
                              decided_ = Decided{whose->source, at, bounds->end};
                              compare_with_decided();
                            }});
       }});
}

void AggregatePartition::compare_with_decided() {
  if (!decided_ || read_ < decided_->resolved_end) return;
  const auto decided = *std::exchange(decided_, std::nullopt);
  auto chain = Offset{0};
  if (const auto known = sources_.find(decided.source); known != sources_.end()) chain = known->second->chain.offset;
  if (chain >= decided.committed) return say_missing(std::nullopt);
  // Someone else may have applied it.
  needs_.state.durable(
      decided.source,
      {needs_.executor, [this, alive = shared_from_this(), decided, chain](Result<std::optional<DurablePosition>> d) {
         if (closed() || !d) return;
         needs_.state.floor(decided.source, {needs_.executor, [this, alive, decided, chain, d](Result<Offset> floor) {
                                               if (closed() || !floor) return;
                                               const auto durable = *d ? (*d)->offset : *floor;
                                               const auto applied = std::max(chain, durable);
                                               if (applied >= decided.committed) return say_missing(std::nullopt);
                                               look_back([this, missing = std::pair(applied, decided.committed)] {
                                                 say_missing(missing);
                                               });
                                             }});
       }});
}

void AggregatePartition::say_missing(std::optional<std::pair<Offset, Offset>> missing) {
  if (missing && missing != missing_) {
    log::error("decided_offsets_missing",
               {{"topic", needs_.names.resolved_topic()},
                {"partition", partition_.value},
                {"from", missing->first.value},
                {"to", missing->second.value},
                {"resolved", read_.value},
                {"cure", fmt::format("stop ingest, delete its consumer group {}, and start it again: it decides "
                                     "anew what no block has, and what is in the tables already is passed over",
                                     needs_.names.ingest_group())}});
  }
  if (shown()) missing_gauge_.set(missing ? missing->second - missing->first : 0);
  missing_ = missing;
  report();
}

}  // namespace guidepost::worker
