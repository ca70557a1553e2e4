#include "app/stores.hpp"

namespace guidepost::app {

Result<Stores> open_cluster_stores(const Config&) {
  return fail(ErrorCode::kFailed, "this build has no cluster adapters yet");
}

}  // namespace guidepost::app
