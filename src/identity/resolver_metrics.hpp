// What resolvers tell of themselves, for Prometheus.
#pragma once

#include "base/metrics.hpp"

namespace guidepost::identity {

struct ResolverStats;

/// One resolver's share in the metrics of the process, which sum over all of its resolvers.
/// Thread: the resolver's owner.
class ResolverMetrics {
 public:
  ResolverMetrics();
  ~ResolverMetrics();
  ResolverMetrics(const ResolverMetrics&) = delete;
  ResolverMetrics& operator=(const ResolverMetrics&) = delete;
  void show(const ResolverStats& now);

 private:
  /// Adds what has changed since the last time.
  template <class Metric>
  struct Shown {
    Metric metric;
    double value = 0;
    void show(double now) {
      if (now != value) metric.add(now - value);
      value = now;
    }
  };
  Shown<metrics::Counter> hits_, misses_, evictions_, forgotten_;
  Shown<metrics::Gauge> entries_, bytes_;
};

}  // namespace guidepost::identity
