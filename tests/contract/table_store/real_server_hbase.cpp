#include "contract/table_store/real_server_hbase.hpp"

#include <cstdlib>

#include "contract/table_store/adapter.hpp"

namespace guidepost::contract {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class HBaseAdapter final : public TableStoreAdapter {
 public:
  explicit HBaseAdapter(hbase::HBaseOptions options) : options_(std::move(options)) { restart(); }

  TableStore& store() override { return *store_; }
  void restart() override {
    store_.reset();
    store_ = std::make_unique<hbase::HBaseTableStore>(options_);
  }

 private:
  hbase::HBaseOptions options_;
  std::unique_ptr<hbase::HBaseTableStore> store_;
};

Result<std::unique_ptr<TableStoreAdapter>> open_hbase() {
  auto options = real_hbase();
  if (!options) return tl::unexpected(std::move(options.error()));
  return std::make_unique<HBaseAdapter>(std::move(*options));
}

const bool kAdded = add_adapter("hbase", open_hbase);

}  // namespace

Result<hbase::HBaseOptions> real_hbase() {
  auto gateways = hbase::parse_endpoints(environment("GUIDEPOST_HBASE__GATEWAYS"));
  auto ddl_gateways = hbase::parse_endpoints(environment("GUIDEPOST_HBASE__DDL_GATEWAYS"));
  if (!gateways || !ddl_gateways) {
    return fail(
        ErrorCode::kUnavailable,
        "GUIDEPOST_HBASE__GATEWAYS and GUIDEPOST_HBASE__DDL_GATEWAYS name no HBase: run these tests by `./dev contract`");
  }
  hbase::HBaseOptions options;
  options.gateways = std::move(*gateways);
  options.ddl_gateways = std::move(*ddl_gateways);
  return options;
}

bool cluster(const std::string& command) {
  const auto line = std::string(GUIDEPOST_TESTS) + "/../deploy/local/cluster " + command + " --dir '" +
                    environment("GUIDEPOST_CLUSTER_DIR") + "' >&2";
  return std::system(line.c_str()) ==
         0;  // NOLINT(concurrency-mt-unsafe): no other thread of a test changes the environment
}

}  // namespace guidepost::contract
