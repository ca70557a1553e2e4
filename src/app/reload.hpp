// What SIGHUP does: the configuration is read again, and what can change while a daemon runs is taken from it.
#pragma once

#include <functional>

#include "base/config.hpp"

namespace guidepost::app {

/// Only the section `log` changes while a daemon runs. The stages decide by what they began with, so that what they
/// decide follows from the log; the rest is memory, threads and connections that are there already.
/// Thread: one at a time.
class Reload {
 public:
  using Load = std::function<tl::expected<LoadedConfig, ConfigErrors>()>;
  /// `load` reads the configuration as at the start.
  Reload(Config running, Load load) : running_(std::move(running)), load_(std::move(load)) {}

  /// Logs what changed and what needs a restart; where there is a mistake, that, and everything stays as it is. Whether
  /// it was taken. Blocks: reads a file.
  bool run();

 private:
  Config running_;
  Load load_;
};

}  // namespace guidepost::app
