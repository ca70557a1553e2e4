#include "worker/aggregate/aggregate_metrics.hpp"

namespace guidepost::worker {
namespace {

using metrics::CounterFamily;
using enum metrics::ShownBy;

const CounterFamily kEvents{{"guidepost_aggregate_events_total", "events", "Accepted events applied", kAggregate}};
const CounterFamily kBlocks{
    {"guidepost_aggregate_blocks_total", "blocks", "Blocks applied, whole or from their middle", kAggregate}};
const CounterFamily kBlocksPassed{{"guidepost_aggregate_blocks_passed_total", "blocks",
                                   "Blocks passed over, because they were applied before", kAggregate}};
const CounterFamily kBlocksTrimmed{
    {"guidepost_aggregate_blocks_trimmed_total", "blocks", "Blocks applied from their middle", kAggregate}};
const CounterFamily kBlocksOfOtherEras{{"guidepost_aggregate_blocks_of_other_eras_total", "blocks",
                                        "Blocks not applied because others, by other rules, had decided before them: "
                                        "their writer decides anew",
                                        kAggregate}};
const CounterFamily kGaps{{"guidepost_aggregate_gaps_total", "blocks",
                           "Blocks not applied because the ones before them are missing: no number has those",
                           kAggregate}};
const CounterFamily kPagesWritten{{"guidepost_aggregate_pages_written_total", "pages", "Pages put", kAggregate}};
const CounterFamily kPagesContinued{{"guidepost_aggregate_pages_continued_total", "pages",
                                     "Stored pages loaded to be extended: by late events, or after a start",
                                     kAggregate}};
const CounterFamily kRowsWritten{
    {"guidepost_aggregate_rows_written_total", "rows", "Event rows and bad rows put", kAggregate}};
const metrics::GaugeFamily kMissing{
    {"guidepost_aggregate_missing_offsets", "offsets",
     "Raw offsets that were decided and whose blocks are missing in the resolved log: no number has them, above 0 the "
     "numbers are wrong. Looked at every 15 s, and shown from the first look on",
     kAggregate},
    {{"partition", "number of the partition"}}};

}  // namespace

AggregateMetrics& aggregate_metrics() {
  static AggregateMetrics instance{
      .events = kEvents.with(),
      .blocks = kBlocks.with(),
      .blocks_passed = kBlocksPassed.with(),
      .blocks_trimmed = kBlocksTrimmed.with(),
      .blocks_of_other_eras = kBlocksOfOtherEras.with(),
      .gaps = kGaps.with(),
      .pages_written = kPagesWritten.with(),
      .pages_continued = kPagesContinued.with(),
      .rows_written = kRowsWritten.with(),
  };
  return instance;
}

MissingOffsets::MissingOffsets(Partition partition) : gauge_(kMissing, {std::to_string(partition.value)}) {}

}  // namespace guidepost::worker
