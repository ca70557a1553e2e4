#include "app/stores.hpp"

namespace guidepost::app {

Result<Stores> open_stores(const Config& config) {
  return config.storage.kind == StorageKind::kEmbedded ? open_embedded_stores(config) : open_cluster_stores(config);
}

}  // namespace guidepost::app
