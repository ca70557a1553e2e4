// What a canary that goes on shows to Prometheus.
#pragma once

#include "app/canary.hpp"
#include "base/metrics.hpp"

namespace guidepost::app {

/// Thread: one.
class CanaryMetrics {
 public:
  CanaryMetrics();
  void record(const CanaryReport& report);

 private:
  /// Gone with the watch: one that has ended is not late for ever.
  metrics::ScopedGauge success_;
};

}  // namespace guidepost::app
