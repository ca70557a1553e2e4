// What ingest counts, for Prometheus.
#pragma once

#include <vector>

#include "base/metrics.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

struct IngestMetrics {
  metrics::Counter accepted, duplicates, skipped, lost, blocks, overtaken, steps_back;
  std::vector<metrics::Counter> bad;  ///< by event::Reason
};

/// Of the process, shown from the first call on. Thread: any.
IngestMetrics& ingest_metrics();

/// Records of one partition that are gone before they were decided, and for whose loss it waits to be accepted: shown as
/// long as it lives. Thread: the partition's, after the constructor.
class MissingRecords {
 public:
  explicit MissingRecords(Partition partition);
  void set(std::int64_t records) { gauge_.set(static_cast<double>(records)); }

 private:
  metrics::ScopedGauge gauge_;
};

}  // namespace guidepost::worker
