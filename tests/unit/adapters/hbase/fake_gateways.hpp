// Gateways without sockets, that fail as they are told to.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/hbase/connection.hpp"

namespace guidepost::hbase::test {

inline Failure closed() { return sort_transport_error(TransportTrouble::kClosed, "No more data to read."); }
inline Failure not_connected() { return sort_transport_error(TransportTrouble::kNotConnected, "connect() failed"); }
inline Failure timed_out() { return sort_transport_error(TransportTrouble::kTimedOut, "recv() timed out"); }
inline Failure too_large() { return sort_transport_error(TransportTrouble::kReplyTooLarge, "oversized frame"); }
inline Failure internal_error() { return sort_application_error(6, "Internal error processing putMultiple"); }

/// One HBase behind some gateways. Rows are kept as they are put; what a test wants to see is counted.
/// Thread: one.
struct FakeCluster {
  struct Gateway {
    bool up = true;
    std::deque<Failure> next_failures;  ///< of requests, first come first served
    int connects = 0;
    int requests = 0;
    int probes = 0;
    int open = 0;
  };
  std::map<std::string, Gateway> gateways;  ///< by host
  std::map<std::string, RowPut> rows;
  std::set<std::string> poison;              ///< rows whose puts and gets are internal errors
  std::size_t reply_limit = 1000000;         ///< rows of a reply that is not too large
  bool checks_succeed = true;
  int interrupts = 0;
  std::vector<std::size_t> batch_sizes;
  std::vector<std::string> order;            ///< first rows of the put batches
};

class FakeConnection final : public Connection {
 public:
  FakeConnection(FakeCluster& cluster, FakeCluster::Gateway& gateway) : cluster_(&cluster), gateway_(&gateway) {
    ++gateway.open;
  }
  ~FakeConnection() override { --gateway_->open; }

  Reply<void> put(const std::string&, std::span<const RowPut> rows) override {
    cluster_->batch_sizes.push_back(rows.size());
    cluster_->order.push_back(rows.front().row);
    if (auto failure = trouble()) return tl::unexpected(*failure);
    // Like HBase: the batch is applied in part, and nothing says how far.
    bool refused = false;
    for (const auto& row : rows) {
      if (cluster_->poison.contains(row.row)) {
        refused = true;
      } else if (!refused) {
        cluster_->rows[row.row] = row;
      }
    }
    if (refused) return tl::unexpected(internal_error());
    return {};
  }
  Reply<std::vector<Row>> get(const std::string&, std::span<const RowGet> rows) override {
    cluster_->batch_sizes.push_back(rows.size());
    if (auto failure = trouble()) return tl::unexpected(*failure);
    if (rows.size() > cluster_->reply_limit) return tl::unexpected(too_large());
    std::vector<Row> answer;
    for (const auto& row : rows) {
      if (cluster_->poison.contains(row.row)) return tl::unexpected(internal_error());
      answer.push_back(stored(row.row));
    }
    return answer;
  }
  Reply<std::vector<Row>> scan(const std::string&, const RowRange& range) override {
    cluster_->batch_sizes.push_back(range.limit);
    if (auto failure = trouble()) return tl::unexpected(*failure);
    if (range.limit > cluster_->reply_limit) return tl::unexpected(too_large());
    std::vector<Row> answer;
    for (auto at = cluster_->rows.lower_bound(range.start); at != cluster_->rows.end() && answer.size() < range.limit;
         ++at) {
      if (!range.stop.empty() && at->first >= range.stop) break;
      answer.push_back(stored(at->first));
    }
    return answer;
  }
  Reply<bool> check_and_put(const std::string&, const CheckAndPut& request) override {
    if (auto failure = trouble()) return tl::unexpected(*failure);
    if (cluster_->checks_succeed) cluster_->rows[request.row] = request.put;
    return cluster_->checks_succeed;
  }
  Reply<void> create_table(const TableSpec&) override { return answered(); }
  Reply<bool> table_available(const std::string&) override { return true; }
  Reply<void> disable_table(const std::string&) override { return answered(); }
  Reply<void> delete_table(const std::string&) override { return answered(); }
  Reply<std::vector<std::string>> list_tables(const std::string&) override {
    return std::vector<std::string>{"b", "a"};
  }
  Reply<void> probe() override {
    ++gateway_->probes;
    return answered();
  }
  Reply<void> ping() override { return answered(); }
  void interrupt() override { ++cluster_->interrupts; }

 private:
  std::optional<Failure> trouble() {
    ++gateway_->requests;
    if (!gateway_->up) return closed();
    if (gateway_->next_failures.empty()) return std::nullopt;
    auto failure = gateway_->next_failures.front();
    gateway_->next_failures.pop_front();
    return failure;
  }
  Reply<void> answered() {
    if (auto failure = trouble()) return tl::unexpected(*failure);
    return {};
  }
  Row stored(const std::string& key) const {
    Row row{key, {}};
    const auto found = cluster_->rows.find(key);
    if (found == cluster_->rows.end()) return row;
    for (const auto& cell : found->second.cells)
      row.cells.push_back({cell.family, cell.qualifier, cell.timestamp, cell.value});
    return row;
  }

  FakeCluster* cluster_;
  FakeCluster::Gateway* gateway_;
};

class FakeConnector final : public Connector {
 public:
  explicit FakeConnector(FakeCluster& cluster) : cluster_(&cluster) {}
  Reply<std::unique_ptr<Connection>> connect(const Endpoint& endpoint) override {
    auto& gateway = cluster_->gateways[endpoint.host];
    ++gateway.connects;
    if (!gateway.up) return tl::unexpected(not_connected());
    return std::make_unique<FakeConnection>(*cluster_, gateway);
  }

 private:
  FakeCluster* cluster_;
};

/// A clock that a test moves.
struct ManualClock {
  Executor::Clock::time_point now{std::chrono::hours{1}};
  std::function<Executor::Clock::time_point()> reader() {
    return [this] { return now; };
  }
};

}  // namespace guidepost::hbase::test
