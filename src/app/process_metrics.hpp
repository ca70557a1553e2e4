// What a daemon shows of itself as a process, for Prometheus: looked at when it is asked.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/health.hpp"
#include "base/config.hpp"

namespace guidepost::app {

/// Thread: any. Blocks: for some files of /proc.
class ProcessMetrics {
 public:
  /// `role`: the daemon's command. `health` outlives it.
  ProcessMetrics(std::string_view role, const Config& config, const Health& health);
  void refresh() const;

  /// Loops of this process that do not come round.
  static void show_hanging_loops(std::size_t count);

 private:
  const Health& health_;
  mutable std::mutex mutex_;
  std::optional<std::string> data_;  ///< the folder of the embedded stores
};

}  // namespace guidepost::app
