// The table store on HBase, through its Thrift2 gateways.
#pragma once

#include <memory>
#include <vector>

#include "adapters/hbase/batches.hpp"
#include "adapters/hbase/connection.hpp"
#include "adapters/hbase/gateway_pool.hpp"
#include "adapters/hbase/thrift_connection.hpp"
#include "adapters/hbase/tries.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::hbase {

struct HBaseOptions {
  /// At least one; all worth the same, of one HBase. `pool.gateways` are not to be set.
  std::vector<Endpoint> gateways;
  /// Gateways for making and dropping tables, unframed: over a framed transport HBase makes garbage of
  /// split keys. None: the gateways above are asked, and split keys are refused where those are framed.
  std::vector<Endpoint> ddl_gateways;
  WireProtocol ddl_protocol = WireProtocol::kBinary;
  WireOptions wire;
  std::size_t connections =
      8;  ///< requests at a time; more than any gateway ever gets of us at once it has no threads for
  BatchLimits batches;
  RetryOptions retry;
  PoolOptions pool;
};

/// The port over HBase. A call is cut into requests that run over several connections at once, is
/// repeated where that may help, and is answered once.
/// Thread: any. Blocks: only the destructor, until the tries under way have been broken off (seconds).
/// Errors: as the port says. kTimedOut of check_and_put: it may have been applied, and was not tried
/// again. A put in doubt is repeated by the adapter first, the same bytes with the same timestamps.
/// HBase need not be there yet: calls are tried for HBaseOptions::retry.deadline, then answered with
/// kUnavailable.
class HBaseTableStore final : public TableStore {
 public:
  explicit HBaseTableStore(HBaseOptions options);
  ~HBaseTableStore() override;

  void create_table(TableSpec spec, Completion<void> done) override;
  void drop_table(std::string table, Completion<void> done) override;
  void list_tables(std::string prefix, Completion<std::vector<std::string>> done) override;
  void put(std::string table, std::vector<RowPut> rows, Completion<void> done) override;
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override;
  void scan(std::string table, ScanRequest request, Completion<ScanPage> done) override;
  void check_and_put(std::string table, CheckAndPut request, Completion<bool> done) override;
  void ping(Completion<void> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::hbase
