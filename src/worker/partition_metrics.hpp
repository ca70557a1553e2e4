// What the worker of a partition shows of it, for Prometheus: of both stages alike.
#pragma once

#include <string>
#include <string_view>

#include "base/metrics.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::worker {

class Completeness;
struct PartitionStatus;

/// Shown as long as it lives: a partition that goes to another process is that one's to show.
/// Thread: the partition's, after the constructor.
class PartitionMetrics {
 public:
  PartitionMetrics(std::string_view stage, Partition partition);
  void show(const PartitionStatus& status, const Completeness& completeness);
  /// A commit was acknowledged.
  void committed(TimeMs now);

 private:
  PartitionMetrics(std::string_view stage, const std::string& partition);
  metrics::ScopedGauge running_, read_, committed_, end_, lag_, complete_, committed_at_, pending_;
};

}  // namespace guidepost::worker
