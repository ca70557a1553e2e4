// What ingest counts, for Prometheus.
#pragma once

#include <vector>

#include "base/metrics.hpp"

namespace guidepost::worker {

struct IngestMetrics {
  metrics::Counter accepted, duplicates, skipped, blocks, overtaken, steps_back;
  std::vector<metrics::Counter> bad;  ///< by event::Reason
};

/// Of the process, shown from the first call on. Thread: any.
IngestMetrics& ingest_metrics();

}  // namespace guidepost::worker
