#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <algorithm>
#include <map>
#include <mutex>

#include "base/assert.hpp"

namespace guidepost::metrics {
namespace {

prometheus::Registry& registry() {
  static prometheus::Registry instance;
  return instance;
}

std::vector<const Family*>& families() {
  static std::vector<const Family*> all;
  return all;
}

template <class Values>
prometheus::Labels labels_of(const Family& family, const Values& values) {
  GUIDEPOST_ASSERT(values.size() == family.labels().size());
  prometheus::Labels labels;
  auto value = values.begin();
  for (const auto& label : family.labels()) labels.emplace(label.name, *value++);
  return labels;
}

/// The library's own family of that declaration; `builder` says of which kind.
template <class Builder>
auto& registered(Builder builder, const Family& family) {
  return builder.Name(std::string(family.name())).Help(std::string(family.help())).Register(registry());
}

/// How many ScopedGauges show a gauge.
struct Shown {
  std::mutex mutex;
  std::map<prometheus::Gauge*, int> by;
};

Shown& shown() {
  static Shown instance;
  return instance;
}

}  // namespace

Family::Family(Kind kind, Text text, std::initializer_list<Label> labels)
    : kind_(kind), text_(text), label_count_(labels.size()) {
  GUIDEPOST_ASSERT(labels.size() <= labels_.size());
  std::copy(labels.begin(), labels.end(), labels_.begin());
  families().push_back(this);
}

std::vector<const Family*> declared() {
  auto all = families();
  std::sort(all.begin(), all.end(), [](const Family* a, const Family* b) { return a->name() < b->name(); });
  return all;
}

void Counter::add(double n) { counter_->Increment(n); }
double Counter::value() const { return counter_->Value(); }
void Gauge::set(double v) { gauge_->Set(v); }
void Gauge::add(double n) { gauge_->Increment(n); }
double Gauge::value() const { return gauge_->Value(); }
void Histogram::observe(double v) { histogram_->Observe(v); }

Counter CounterFamily::with(LabelValues values) const {
  return Counter(registered(prometheus::BuildCounter(), *this).Add(labels_of(*this, values)));
}

Gauge GaugeFamily::with(LabelValues values) const {
  return Gauge(registered(prometheus::BuildGauge(), *this).Add(labels_of(*this, values)));
}

Histogram HistogramFamily::with(LabelValues values) const {
  return Histogram(
      registered(prometheus::BuildHistogram(), *this)
          .Add(labels_of(*this, values), prometheus::Histogram::BucketBoundaries(bounds_.begin(), bounds_.end())));
}

ScopedGauge::ScopedGauge(const GaugeFamily& family, LabelValues values)
    : family_(family), values_(values.begin(), values.end()) {}

ScopedGauge::~ScopedGauge() {
  if (gauge_ == nullptr) return;
  std::lock_guard lock(shown().mutex);
  if (--shown().by[gauge_] > 0) return;
  shown().by.erase(gauge_);
  registered(prometheus::BuildGauge(), family_).Remove(gauge_);
}

void ScopedGauge::set(double v) {
  if (gauge_ == nullptr) {
    std::lock_guard lock(shown().mutex);
    gauge_ = &registered(prometheus::BuildGauge(), family_).Add(labels_of(family_, values_));
    ++shown().by[gauge_];
  }
  gauge_->Set(v);
}

std::string expose() { return prometheus::TextSerializer().Serialize(registry().Collect()); }

}  // namespace guidepost::metrics
