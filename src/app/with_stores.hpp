// Commands that need the stores: of a cluster they are opened; embedded ones by whoever has the data folder.
#pragma once

#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/reload.hpp"
#include "app/stores.hpp"

namespace guidepost::app {

/// A command line that was understood so far.
struct Asked {
  const Command& command;
  const std::vector<std::string>& words;  ///< without the program's name
  const LoadedConfig& config;
  const std::string& directory;
  OpenStores open;
  Reload::Load load;  ///< reads the configuration again
};

/// Runs the command in this process, which then has the data folder and answers others meanwhile, or in the process
/// that has it. Exit status. Blocks: as long as the command takes, and before while another command without `up`
/// holds the folder and cannot be asked. Throws UsageError.
int run_with_stores(const Asked& asked, Output& out);

}  // namespace guidepost::app
