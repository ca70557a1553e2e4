// The event log and the table store that the configuration names.
#pragma once

#include <memory>

#include "base/config.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

struct Stores {
  std::unique_ptr<EventLog> log;
  std::unique_ptr<TableStore> tables;
};

/// Blocks: embedded ones until they are open; a cluster need not be there yet.
/// Errors: of the embedded stores' open(); kNotFound, kInvalidArgument (a secret, a file).
Result<Stores> open_stores(const Config& config);
Result<Stores> open_embedded_stores(const Config& config);
Result<Stores> open_cluster_stores(const Config& config);
/// How a program gets its stores.
using OpenStores = Result<Stores> (*)(const Config& config);

}  // namespace guidepost::app
