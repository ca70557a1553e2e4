#include "identity/resolver_metrics.hpp"

#include "identity/resolver.hpp"

namespace guidepost::identity {
namespace {

metrics::Counter looked_up(const char* in) {
  return metrics::counter("guidepost_identity_lookups_total",
                          "Histories of GUIDs: found in the cache, read from the table", {{"in", in}});
}

}  // namespace

ResolverMetrics::ResolverMetrics()
    : hits_{looked_up("cache")},
      misses_{looked_up("table")},
      evictions_{metrics::counter("guidepost_identity_cache_evictions_total", "Histories that made room for others")},
      forgotten_{metrics::counter("guidepost_identity_cache_forgotten_total", "Histories that a refresh made stale")},
      entries_{metrics::gauge("guidepost_identity_cache_entries", "Histories in the caches")},
      bytes_{metrics::gauge("guidepost_identity_cache_bytes", "Memory of the caches, at most identity.cache each")} {}

ResolverMetrics::~ResolverMetrics() {
  entries_.show(0);
  bytes_.show(0);
}

void ResolverMetrics::show(const ResolverStats& now) {
  hits_.show(static_cast<double>(now.hits));
  misses_.show(static_cast<double>(now.misses));
  evictions_.show(static_cast<double>(now.evictions));
  forgotten_.show(static_cast<double>(now.forgotten));
  entries_.show(static_cast<double>(now.entries));
  bytes_.show(static_cast<double>(now.bytes));
}

}  // namespace guidepost::identity
