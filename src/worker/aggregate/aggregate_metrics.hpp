// What aggregate counts, for Prometheus.
#pragma once

#include "base/metrics.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

struct AggregateMetrics {
  metrics::Counter events, blocks, blocks_passed, blocks_trimmed, gaps, pages_written, pages_continued, rows_written;
};

/// Of the process. Thread: any.
AggregateMetrics& aggregate_metrics();

/// Offsets of the partition that were decided and whose blocks are missing. Above 0 is an alarm.
metrics::Gauge aggregate_missing(Partition partition);

}  // namespace guidepost::worker
