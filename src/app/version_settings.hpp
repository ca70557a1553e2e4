// By whose settings the versions were decided, as far as their stages have said.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string_view>

#include "app/node.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::app {

/// How what a version holds was decided, compared with the settings of now.
enum class Settings : std::uint8_t {
  kUnknown,  ///< its ingest has committed nothing
  kNow,      ///< the same decide everything that it decided
  kSince,    ///< others decided what lies before
  kOthers,
};
std::string_view to_string(Settings settings);

/// The settings of now as one number. Errors: of the files of enrichment.
Result<RulesHash> rules_of_now(const Node& node);
/// By partition, what decided last in a version, and from which offset on. Errors: of the stores.
Result<std::map<Partition, event::Era>> eras_of(Node& node, std::uint32_t version, const std::stop_token& cancelled);
/// Errors: of the stores.
Result<Settings> settings_of(Node& node, std::uint32_t version, RulesHash now, const std::stop_token& cancelled);

}  // namespace guidepost::app
