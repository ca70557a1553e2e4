// What aggregate counts, for Prometheus.
#pragma once

#include "base/metrics.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

struct AggregateMetrics {
  metrics::Counter events, blocks, blocks_passed, blocks_trimmed, blocks_of_other_eras, gaps, pages_written,
      pages_continued, rows_written;
};

/// Of the process, shown from the first call on. Thread: any.
AggregateMetrics& aggregate_metrics();

/// Offsets of an owned partition that were decided and whose blocks are missing. Above 0 is an alarm.
class MissingOffsets {
 public:
  explicit MissingOffsets(Partition partition);
  void set(std::int64_t offsets) { gauge_.set(static_cast<double>(offsets)); }

 private:
  metrics::ScopedGauge gauge_;
};

}  // namespace guidepost::worker
