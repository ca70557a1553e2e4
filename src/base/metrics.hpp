// Metrics of the process, as Prometheus reads them. Names: guidepost_<module>_<what>_<unit>[_total].
// No GUID, no URL, no merchant in a label: labels have few values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace guidepost::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Handles are cheap, live for ever, and may be used from any thread. Ask for one once, not per event.
class Counter {
 public:
  void add(double n = 1);
  double value() const;

 private:
  friend Counter counter(const std::string&, const std::string&, const Labels&);
  explicit Counter(prometheus::Counter& c) : counter_(&c) {}
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  void set(double v);
  void add(double n);
  double value() const;

 private:
  friend Gauge gauge(const std::string&, const std::string&, const Labels&);
  explicit Gauge(prometheus::Gauge& g) : gauge_(&g) {}
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  void observe(double v);

 private:
  friend Histogram histogram(const std::string&, const std::string&, const std::vector<double>&, const Labels&);
  explicit Histogram(prometheus::Histogram& h) : histogram_(&h) {}
  prometheus::Histogram* histogram_;
};

/// The metric of that name and those labels; made where there is none yet.
Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                    const Labels& labels = {});

/// Everything, in the text exposition format.
std::string expose();

}  // namespace guidepost::metrics
