// What was read at a moment of the past: which version, and up to where its sources had been counted.
#pragma once

#include <stop_token>

#include "app/node.hpp"
#include "query/explain.hpp"

namespace guidepost::app {

/// Errors: of the store; kCorrupt; kOutOfRange (that is not known, any more or yet; the message says since when it is).
Result<query::Then> look_back(Node& node, TimeMs moment, TimeMs now, const std::stop_token& cancelled);

}  // namespace guidepost::app
