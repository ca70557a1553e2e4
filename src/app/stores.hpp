// The event log and the table store that the configuration names.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/config.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

/// Makes the folder `to`, which is not there yet, a data folder as the process's death at one moment would leave it: log and
/// tables of the same moment. `meanwhile` runs within it, when nothing is written. Blocks: yes. Errors: of the stores.
using CheckpointStores =
    std::function<Result<void>(const std::filesystem::path& to, const std::function<Result<void>()>& meanwhile)>;

/// What the names of folders begin with that such copies lie in for a while, inside of the data folder. Those of a process
/// that died are deleted by the next one that opens the stores.
inline constexpr const char* kCheckpointStem = "checkpoint-";

struct Stores {
  std::unique_ptr<EventLog> log;
  std::unique_ptr<TableStore> tables;
  CheckpointStores checkpoint;  ///< of embedded stores
};

/// Blocks: embedded ones until they are open; a cluster need not be there yet.
/// Errors: of the embedded stores' open(); kNotFound, kInvalidArgument (a secret, a file).
Result<Stores> open_stores(const Config& config);
Result<Stores> open_embedded_stores(const Config& config);
Result<Stores> open_cluster_stores(const Config& config);
/// How a program gets its stores.
using OpenStores = Result<Stores> (*)(const Config& config);

}  // namespace guidepost::app
