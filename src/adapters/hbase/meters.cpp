#include "adapters/hbase/meters.hpp"

namespace guidepost::hbase {

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::kPut:
      return "put";
    case Operation::kGet:
      return "get";
    case Operation::kScan:
      return "scan";
    case Operation::kCheckAndPut:
      return "check_and_put";
    case Operation::kTable:
      return "table";
    case Operation::kPing:
      return "ping";
  }
  return "unknown";
}

Meters::PerOperation Meters::make(Operation operation) {
  const metrics::Labels labels{{"operation", std::string(to_string(operation))}};
  return {
      metrics::histogram("guidepost_hbase_request_seconds", "Time of one try at a gateway, answered or not",
                         {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30}, labels),
      metrics::histogram("guidepost_hbase_batch_rows", "Rows of one request", {1, 10, 50, 100, 200, 500, 1000}, labels),
      metrics::histogram("guidepost_hbase_batch_bytes", "Bytes of one request's keys and values",
                         {1024, 16384, 65536, 262144, 1048576, 4194304, 16777216}, labels)};
}

Meters::Meters()
    : operations_{make(Operation::kPut),         make(Operation::kGet),   make(Operation::kScan),
                  make(Operation::kCheckAndPut), make(Operation::kTable), make(Operation::kPing)},
      unknown_outcomes_(metrics::counter("guidepost_hbase_unknown_outcomes_total",
                                         "Writes answered without knowing whether they were applied")),
      queued_requests_(metrics::gauge("guidepost_hbase_queued_requests",
                                      "Requests that wait for a connection or for their next try")),
      queued_bytes_(metrics::gauge("guidepost_hbase_queued_bytes", "Bytes of the requests that wait")) {}

void Meters::tried(Operation operation, double seconds) {
  operations_[static_cast<std::size_t>(operation)].seconds.observe(seconds);
}

void Meters::failed(Operation operation, std::string_view reason) {
  metrics::counter("guidepost_hbase_failed_tries_total", "Tries at a gateway that failed, by what came of it",
                   {{"operation", std::string(to_string(operation))}, {"reason", std::string(reason)}})
      .add();
}

void Meters::batch(Operation operation, std::size_t rows, std::size_t bytes) {
  auto& of = operations_[static_cast<std::size_t>(operation)];
  of.rows.observe(static_cast<double>(rows));
  of.bytes.observe(static_cast<double>(bytes));
}

void Meters::unknown_outcome() { unknown_outcomes_.add(); }

void Meters::queued(double requests, double bytes) {
  queued_requests_.add(requests);
  queued_bytes_.add(bytes);
}

}  // namespace guidepost::hbase
