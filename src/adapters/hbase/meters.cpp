#include "adapters/hbase/meters.hpp"

namespace guidepost::hbase {
namespace {

using metrics::CounterFamily, metrics::GaugeFamily, metrics::HistogramFamily;
using enum metrics::ShownBy;

constexpr metrics::Label kOperation{"operation", "`put`, `get`, `scan`, `check_and_put`, `table`, `ping`"};
constexpr std::array kSecondsBounds{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0};
constexpr std::array kRowsBounds{1.0, 10.0, 50.0, 100.0, 200.0, 500.0, 1000.0};
constexpr std::array kBytesBounds{1024.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0};

const HistogramFamily kSeconds{
    {"guidepost_hbase_request_seconds", "seconds", "Time of one try at a gateway, answered or not", kHBase},
    kSecondsBounds,
    {kOperation}};
const HistogramFamily kRows{
    {"guidepost_hbase_batch_rows", "rows", "Rows of one request", kHBase}, kRowsBounds, {kOperation}};
const HistogramFamily kBytes{{"guidepost_hbase_batch_bytes", "bytes", "Bytes of one request's keys and values", kHBase},
                             kBytesBounds,
                             {kOperation}};
const CounterFamily kFailedTries{{"guidepost_hbase_failed_tries_total", "tries",
                                  "Tries at a gateway that failed; shown from the first one on", kHBase},
                                 {kOperation, {"reason", "what came of it, in a word"}}};
const CounterFamily kUnknownOutcomes{{"guidepost_hbase_unknown_outcomes_total", "writes",
                                      "Writes answered without knowing whether they were applied", kHBase}};
const GaugeFamily kQueuedRequests{{"guidepost_hbase_queued_requests", "requests",
                                   "Requests that wait for a connection or for their next try", kHBase}};
const GaugeFamily kQueuedBytes{{"guidepost_hbase_queued_bytes", "bytes", "Bytes of the requests that wait", kHBase}};

}  // namespace

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
  const auto word = to_string(operation);
  return {kSeconds.with({word}), kRows.with({word}), kBytes.with({word})};
}

Meters::Meters()
    : operations_{make(Operation::kPut),         make(Operation::kGet),   make(Operation::kScan),
                  make(Operation::kCheckAndPut), make(Operation::kTable), make(Operation::kPing)},
      unknown_outcomes_(kUnknownOutcomes.with()),
      queued_requests_(kQueuedRequests.with()),
      queued_bytes_(kQueuedBytes.with()) {}

void Meters::tried(Operation operation, double seconds) {
  operations_[static_cast<std::size_t>(operation)].seconds.observe(seconds);
}

void Meters::failed(Operation operation, std::string_view reason) {
  kFailedTries.with({to_string(operation), reason}).add();
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
