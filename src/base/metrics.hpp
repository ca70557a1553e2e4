// Metrics of the process, as Prometheus reads them. Each family of them is declared once, in the room that it is of: from
// the declaration it is made, and docs/metrics.md is written. Names: guidepost_<module>_<what>_<unit>[_total]; process_*
// as Prometheus' own libraries have them. No GUID, no URL, no merchant in a label: labels have few values.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace guidepost::metrics {

enum class Kind : std::uint8_t { kCounter, kGauge, kHistogram };

/// Which processes show it, from their start unless its help says when.
enum class ShownBy : std::uint8_t {
  kAll,
  kIntake,  ///< `up`, `collect`
  kStages,  ///< `up`, `ingest`, `aggregate`
  kIngest,  ///< `up`, `ingest`
  kAggregate,  ///< `up`, `aggregate`
  kHBase,  ///< stages of a cluster
  kEmbedded,  ///< `up` on embedded stores
  kCanary,  ///< `canary --every`, or the `up` that it runs in
};

struct Label {
  std::string_view name;
  std::string_view meaning;  ///< of its values
};

/// What a family is.
struct Text {
  std::string_view name;
  std::string_view unit;  ///< what one is
  std::string_view help;  ///< a sentence or two, without a full stop at the end
  ShownBy shown_by;
};

/// A declared family: of static storage, listed by declared() from before main() on.
class Family {
 public:
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  Kind kind() const { return kind_; }
  std::string_view name() const { return text_.name; }
  std::string_view unit() const { return text_.unit; }
  std::string_view help() const { return text_.help; }
  ShownBy shown_by() const { return text_.shown_by; }
  std::span<const Label> labels() const { return {labels_.data(), label_count_}; }

 protected:
  Family(Kind kind, Text text, std::initializer_list<Label> labels);
  ~Family() = default;

 private:
  Kind kind_;
  Text text_;
  std::array<Label, 2> labels_{};
  std::size_t label_count_ = 0;
};

/// All of the program, by name.
std::vector<const Family*> declared();

/// Handles are cheap, live for ever, and may be used from any thread. Ask for one once, not per event.
class Counter {
 public:
  void add(double n = 1);
  double value() const;

 private:
  friend class CounterFamily;
  explicit Counter(prometheus::Counter& c) : counter_(&c) {}
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  void set(double v);
  void add(double n);
  double value() const;

 private:
  friend class GaugeFamily;
  explicit Gauge(prometheus::Gauge& g) : gauge_(&g) {}
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  void observe(double v);

 private:
  friend class HistogramFamily;
  explicit Histogram(prometheus::Histogram& h) : histogram_(&h) {}
  prometheus::Histogram* histogram_;
};

using LabelValues = std::initializer_list<std::string_view>;

class CounterFamily : public Family {
 public:
  explicit CounterFamily(Text text, std::initializer_list<Label> labels = {}) : Family(Kind::kCounter, text, labels) {}
  /// The one with these values of the labels, in their order; made where there is none yet.
  Counter with(LabelValues values = {}) const;
};

class GaugeFamily : public Family {
 public:
  explicit GaugeFamily(Text text, std::initializer_list<Label> labels = {}) : Family(Kind::kGauge, text, labels) {}
  Gauge with(LabelValues values = {}) const;
};

class HistogramFamily : public Family {
 public:
  /// `bounds` are of static storage.
  HistogramFamily(Text text, std::span<const double> bounds, std::initializer_list<Label> labels = {})
      : Family(Kind::kHistogram, text, labels), bounds_(bounds) {}
  Histogram with(LabelValues values = {}) const;

 private:
  std::span<const double> bounds_;
};

/// A gauge of something that comes and goes, as a partition does: shown from its first value on, for as long as it lives.
/// Where several live with the same labels, the last value is shown until the last one goes.
/// Thread: one at a time.
class ScopedGauge {
 public:
  ScopedGauge(const GaugeFamily& family, LabelValues values);
  ~ScopedGauge();
  ScopedGauge(const ScopedGauge&) = delete;
  ScopedGauge& operator=(const ScopedGauge&) = delete;
  void set(double v);

 private:
  const GaugeFamily& family_;
  std::vector<std::string> values_;
  prometheus::Gauge* gauge_ = nullptr;
};

/// Everything, in the text exposition format.
std::string expose();

}  // namespace guidepost::metrics
