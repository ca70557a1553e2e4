#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <map>
#include <mutex>

namespace guidepost::metrics {
namespace {

prometheus::Registry& registry() {
  static prometheus::Registry instance;
  return instance;
}

prometheus::Labels to_labels(const Labels& labels) { return {labels.begin(), labels.end()}; }

}  // namespace

void Counter::add(double n) { counter_->Increment(n); }
double Counter::value() const { return counter_->Value(); }
void Gauge::set(double v) { gauge_->Set(v); }
void Gauge::add(double n) { gauge_->Increment(n); }
double Gauge::value() const { return gauge_->Value(); }
void Histogram::observe(double v) { histogram_->Observe(v); }

Counter counter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(prometheus::BuildCounter().Name(name).Help(help).Register(registry()).Add(to_labels(labels)));
}

Gauge gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(prometheus::BuildGauge().Name(name).Help(help).Register(registry()).Add(to_labels(labels)));
}

Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                    const Labels& labels) {
  return Histogram(
      prometheus::BuildHistogram().Name(name).Help(help).Register(registry()).Add(to_labels(labels), bounds));
}

std::string expose() { return prometheus::TextSerializer().Serialize(registry().Collect()); }

}  // namespace guidepost::metrics
