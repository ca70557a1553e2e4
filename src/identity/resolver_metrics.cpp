#include "identity/resolver_metrics.hpp"

#include "identity/resolver.hpp"

namespace guidepost::identity {
namespace {

using enum metrics::ShownBy;

const metrics::CounterFamily kLookups{
    {"guidepost_identity_lookups_total", "GUIDs", "Mapping histories of GUIDs looked up", kIngest},
    {{"in", "`cache`: found there; `table`: read from the mapping table"}}};
const metrics::CounterFamily kEvictions{
    {"guidepost_identity_cache_evictions_total", "histories", "Histories that made room for others", kIngest}};
const metrics::CounterFamily kForgotten{
    {"guidepost_identity_cache_forgotten_total", "histories", "Histories that a refresh made stale", kIngest}};
const metrics::GaugeFamily kEntries{
    {"guidepost_identity_cache_entries", "histories", "Histories in the caches of all threads", kIngest}};
const metrics::GaugeFamily kBytes{{"guidepost_identity_cache_bytes", "bytes",
                                   "Memory of the caches, at most identity.cache for each thread", kIngest}};

}  // namespace

ResolverMetrics::ResolverMetrics()
    : hits_{kLookups.with({"cache"})},
      misses_{kLookups.with({"table"})},
      evictions_{kEvictions.with()},
      forgotten_{kForgotten.with()},
      entries_{kEntries.with()},
      bytes_{kBytes.with()} {}

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
