#include "worker/aggregate/aggregate_metrics.hpp"

namespace guidepost::worker {

AggregateMetrics& aggregate_metrics() {
  static AggregateMetrics instance{
      .events = metrics::counter("guidepost_aggregate_events_total", "Accepted events applied"),
      .blocks = metrics::counter("guidepost_aggregate_blocks_total", "Blocks applied, whole or from their middle"),
      .blocks_passed = metrics::counter("guidepost_aggregate_blocks_passed_total", "Blocks that were applied before"),
      .blocks_trimmed =
          metrics::counter("guidepost_aggregate_blocks_trimmed_total", "Blocks applied from their middle"),
      .gaps = metrics::counter("guidepost_aggregate_gaps_total",
                               "Blocks not applied because the ones before them are missing"),
      .pages_written = metrics::counter("guidepost_aggregate_pages_written_total", "Pages put"),
      .pages_continued =
          metrics::counter("guidepost_aggregate_pages_continued_total", "Stored pages loaded to be extended"),
      .rows_written = metrics::counter("guidepost_aggregate_rows_written_total", "Event rows and bad rows put"),
  };
  return instance;
}

metrics::Gauge aggregate_missing(Partition partition) {
  return metrics::gauge("guidepost_aggregate_missing_offsets",
                        "Offsets that were decided and whose blocks are missing in the resolved log",
                        {{"partition", std::to_string(partition.value)}});
}

}  // namespace guidepost::worker
