// What an installation needs outside of this program: topics, tables, their properties. `init` makes what is missing.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

struct InstallStep {
  enum class Outcome : std::uint8_t { kMade, kThere, kWrong, kFailed };
  std::string kind;  ///< topic, table
  std::string name;
  Outcome outcome = Outcome::kThere;
  std::string note;  ///< what it is, or what is wrong with it and what helps
};
std::string_view to_string(InstallStep::Outcome outcome);

/// Makes what is missing and looks whether what is there can be worked with; changes nothing that exists. `told` hears
/// of each step as it is done. True: nothing is wrong. Blocks: yes.
bool install(const Config& config, EventLog& log, TableStore& tables, TimeMs now,
             const std::function<void(const InstallStep&)>& told, const std::stop_token& cancelled = {});

}  // namespace guidepost::app
