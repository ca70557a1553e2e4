// What the commands that send records share: their flags, where records go, and what is said at the end.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "app/command.hpp"
#include "app/record_sink.hpp"
#include "guidepost/event/ledger.hpp"

namespace guidepost::app {

/// A merchant's slug. Throws UsageError.
std::string merchant_option(const Arguments& arguments, std::string_view flag, std::string_view otherwise);

/// Where records go, and what the ledger said before.
struct Sending {
  std::unique_ptr<RecordSink> sink;
  std::optional<event::LedgerCounts> before;  ///< nothing where they go elsewhere
};

/// Where --to or --out says, else the log of the call's node. Errors: those of the sink.
Result<Sending> open_sink(Call& call);
/// Says how much went where; where it went into the node's own log, waits first until it is counted (not with
/// --no-wait), and says what became of it. Exit status.
int report_sent(Call& call, std::string_view verb, const Sent& sent, const Sending& sending,
                std::chrono::steady_clock::duration took);

}  // namespace guidepost::app
