// What is known of each source: where its log, its stages and its tables stand.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "app/node.hpp"
#include "guidepost/event/ledger.hpp"
#include "worker/state_table.hpp"

namespace guidepost::app {

/// Errors: of the store.
Result<std::vector<worker::Source>> registered_sources(Node& node, const std::stop_token& cancelled);

/// Where one partition of the raw topic, and what follows from it, stands.
struct SourceStanding {
  worker::Source source;
  bool current = true;     ///< false: of a topic that is no more, or was made again
  LogBounds raw;
  LogBounds resolved;
  std::optional<Offset> decided;   ///< raw offsets below are decided (C)
  std::optional<Offset> applied;   ///< resolved offsets below are applied (R)
  std::optional<worker::DurablePosition> durable;  ///< D
  Offset floor;       ///< where the version's chain begins
  Offset known_from;  ///< and that of what it goes on from
  std::string floor_commit;  ///< what ingest of that had committed at the floor
  std::optional<worker::StateTable::PassedMarker> marker;
  event::LedgerCounts ledger;
  /// Raw records that are not in the tables yet.
  std::int64_t lag() const { return raw.end - (durable ? durable->offset : floor); }
};

/// Of all registered sources, in the order of their numbers. Errors: of the stores; kCorrupt.
Result<std::vector<SourceStanding>> source_standings(Node& node, const std::stop_token& cancelled);

/// The record time up to which every current source is in the tables: `now`, the moment before they were read, where
/// nothing waits; nothing, where nothing came in yet, or nothing of a source is in the tables.
std::optional<TimeMs> counted_until(const std::vector<SourceStanding>& sources, TimeMs now);

}  // namespace guidepost::app
