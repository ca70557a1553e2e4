// What is missing in a version's numbers, told to people and programs alike.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "app/node.hpp"
#include "worker/gap_table.hpp"

namespace guidepost::app {

/// Those of the version that is read, and those of the versions that it goes on from, whose numbers it has below its floors.
/// Blocks: until answered. Errors: of the store; kCorrupt.
Result<std::vector<worker::Gap>> gaps_read(Node& node, const std::stop_token& cancelled);

/// Those of the version that is read alone: what its ingest waits for, or was told to go on behind.
Result<std::vector<worker::Gap>> gaps_of_version(Node& node, const std::stop_token& cancelled);

/// `[{"gap":"3:1245-1500","source":3,...}]`
nlohmann::json json_of(const std::vector<worker::Gap>& gaps);

/// A line, without its end: what is missing, between which times, and what was said of it.
std::string line_of(const worker::Gap& gap);

}  // namespace guidepost::app
