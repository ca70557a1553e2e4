// What aggregate counts, for Prometheus.
#pragma once

#include "base/metrics.hpp"

namespace guidepost::worker {

struct AggregateMetrics {
  metrics::Counter events, blocks, blocks_passed, blocks_trimmed, gaps, pages_written, pages_continued, rows_written;
};

/// Of the process. Thread: any.
AggregateMetrics& aggregate_metrics();

}  // namespace guidepost::worker
