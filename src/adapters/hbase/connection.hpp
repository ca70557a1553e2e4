// One conversation with one gateway: the seam between what is said to HBase and when and to whom.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapters/hbase/failure.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::hbase {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

std::string to_string(const Endpoint& endpoint);

/// Of `host:port` or `[v6]:port`. Errors: kInvalidArgument.
Result<Endpoint> parse_endpoint(std::string_view text);

/// Of such addresses with commas between them. Errors: kInvalidArgument, also where there is none.
Result<std::vector<Endpoint>> parse_endpoints(std::string_view text);

/// Rows that follow `start`, at most so many.
struct RowRange {
  std::string start;
  std::string stop;
  CellFilter cells;
  std::size_t limit = 1;
};

/// One bare connection: a request, its answer, no second try. After a failure that says kSpent it is
/// good for nothing but to be destroyed.
/// Thread: one at a time, but interrupt(). Blocks: until the answer or a time-out.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Reply<void> put(const std::string& table, std::span<const RowPut> rows) = 0;
  virtual Reply<std::vector<Row>> get(const std::string& table, std::span<const RowGet> rows) = 0;
  virtual Reply<std::vector<Row>> scan(const std::string& table, const RowRange& range) = 0;
  virtual Reply<bool> check_and_put(const std::string& table, const CheckAndPut& request) = 0;

  virtual Reply<void> create_table(const TableSpec& spec) = 0;
  virtual Reply<bool> table_available(const std::string& table) = 0;
  virtual Reply<void> disable_table(const std::string& table) = 0;
  virtual Reply<void> delete_table(const std::string& table) = 0;
  virtual Reply<std::vector<std::string>> list_tables(const std::string& prefix) = 0;

  /// Whether a gateway stands there that has found its HBase.
  virtual Reply<void> probe() = 0;
  /// Whether HBase itself serves: one strong read of its catalog.
  virtual Reply<void> ping() = 0;

  /// Makes a blocked call return with a failure, and every later one. Thread: any. Blocks: never.
  virtual void interrupt() = 0;
};

/// Makes connections. Thread: any.
class Connector {
 public:
  virtual ~Connector() = default;
  /// Blocks: until connected and greeted, or a time-out.
  virtual Reply<std::unique_ptr<Connection>> connect(const Endpoint& gateway) = 0;
};

}  // namespace guidepost::hbase
