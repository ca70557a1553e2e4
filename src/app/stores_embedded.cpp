#include "adapters/embedded/embedded_event_log.hpp"
#include "adapters/embedded/embedded_table_store.hpp"
#include "app/stores.hpp"
#include "guidepost/base/executor.hpp"

namespace guidepost::app {
namespace {

constexpr const char* kLog = "log";
constexpr const char* kTables = "tables";

embedded::StoreOptions store_options(const Config& config, const char* name) {
  embedded::StoreOptions options;
  options.folder = std::filesystem::path(config.storage.data) / name;
  options.durability = config.storage.sync ? embedded::Durability::kPowerLoss : embedded::Durability::kProcessDeath;
  options.recovery = config.storage.accept_loss ? embedded::Recovery::kAcceptLoss : embedded::Recovery::kStrict;
  options.block_cache = Bytes{config.storage.cache.value / 2};
  return options;
}

/// What they link to keeps its disk space until they go.
void delete_checkpoints(const std::filesystem::path& data) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(data, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->path().filename().string().starts_with(kCheckpointStem)) std::filesystem::remove_all(at->path(), ignored);
  }
}

}  // namespace

Result<Stores> open_embedded_stores(const Config& config) {
  delete_checkpoints(config.storage.data);
  Stores stores;
  auto log = EmbeddedEventLog::open({.store = store_options(config, kLog)});
  if (!log) return tl::unexpected(log.error());
  auto tables = EmbeddedTableStore::open(store_options(config, kTables));
  if (!tables) return tl::unexpected(tables.error());
  // The log stays still until the tables are copied: no table is ahead of its log, no commit ahead of its table.
  stores.checkpoint = [log = log->get(), tables = tables->get()](const std::filesystem::path& to,
                                                                 const std::function<Result<void>()>& meanwhile) {
    const auto copy_tables = [&]() -> Result<void> {
      if (auto done = meanwhile(); !done) return done;
      return await<void>([&](auto done) { tables->checkpoint(to / kTables, std::move(done)); });
    };
    return await<void>([&](auto done) { log->checkpoint(to / kLog, copy_tables, std::move(done)); });
  };
  stores.log = std::move(*log);
  stores.tables = std::move(*tables);
  return stores;
}

}  // namespace guidepost::app
