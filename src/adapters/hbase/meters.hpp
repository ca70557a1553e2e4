// What the adapter counts and times.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/metrics.hpp"

namespace guidepost::hbase {

enum class Operation : std::uint8_t { kPut, kGet, kScan, kCheckAndPut, kTable, kPing };
inline constexpr std::size_t kOperations = 6;
std::string_view to_string(Operation operation);

/// Thread: any.
class Meters {
 public:
  Meters();
  /// One try, whether or not it succeeded.
  void tried(Operation operation, double seconds);
  void failed(Operation operation, std::string_view reason);
  void batch(Operation operation, std::size_t rows, std::size_t bytes);
  /// Nobody knows whether a write was applied; its caller was told so.
  void unknown_outcome();
  void queued(double requests, double bytes);

 private:
  struct PerOperation {
    metrics::Histogram seconds;
    metrics::Histogram rows;
    metrics::Histogram bytes;
  };
  static PerOperation make(Operation operation);

  std::array<PerOperation, kOperations> operations_;
  metrics::Counter unknown_outcomes_;
  metrics::Gauge queued_requests_;
  metrics::Gauge queued_bytes_;
};

}  // namespace guidepost::hbase
