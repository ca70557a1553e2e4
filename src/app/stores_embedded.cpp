#include "adapters/embedded/embedded_event_log.hpp"
#include "adapters/embedded/embedded_table_store.hpp"
#include "app/stores.hpp"

namespace guidepost::app {
namespace {

embedded::StoreOptions store_options(const Config& config, const char* name) {
  embedded::StoreOptions options;
  options.folder = std::filesystem::path(config.storage.data) / name;
  options.durability = config.storage.sync ? embedded::Durability::kPowerLoss : embedded::Durability::kProcessDeath;
  options.recovery = config.storage.accept_loss ? embedded::Recovery::kAcceptLoss : embedded::Recovery::kStrict;
  options.block_cache = Bytes{config.storage.cache.value / 2};
  return options;
}

}  // namespace

Result<Stores> open_embedded_stores(const Config& config) {
  Stores stores;
  auto log = EmbeddedEventLog::open({.store = store_options(config, "log")});
  if (!log) return tl::unexpected(log.error());
  stores.log = std::move(*log);
  auto tables = EmbeddedTableStore::open(store_options(config, "tables"));
  if (!tables) return tl::unexpected(tables.error());
  stores.tables = std::move(*tables);
  return stores;
}

}  // namespace guidepost::app
