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
  /// When the oldest record that is in no table yet was appended; nothing: none waits, or it was not asked (it is young).
  std::optional<TimeMs> waiting_since;
  /// Raw records that are not in the tables yet.
  std::int64_t lag() const { return raw.end - counted(); }
  /// Everything below is in the tables.
  Offset counted() const { return durable ? durable->offset : floor; }
};

/// Of all registered sources, in the order of their numbers. Errors: of the stores; kCorrupt.
Result<std::vector<SourceStanding>> source_standings(Node& node, const std::stop_token& cancelled);

/// The record time up to which every current source is in the tables: `now`, the moment before they were read, where
/// nothing waits, else that of the oldest record that does (or of the last one in the tables, where that is young);
/// nothing, where nothing came in yet, or nothing of a source is in the tables.
std::optional<TimeMs> counted_until(const std::vector<SourceStanding>& sources, TimeMs now);
/// The same of one source.
std::optional<TimeMs> counted_until(const SourceStanding& source, TimeMs now);

/// The longest that sessions of a version can have been cut by: what another version decided was by rules that are not
/// known.
/// Blocks: yes.
std::chrono::milliseconds longest_session_gap(Node& node, std::uint32_t version, const std::stop_token& cancelled);

}  // namespace guidepost::app
