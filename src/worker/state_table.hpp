// Rows of the state table that the workers keep: sources, floors, positions, markers passed.
// Rows: proto/state.md. Values are text, so that an operator can read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"
#include "worker/gap_table.hpp"
#include "worker/position_history.hpp"

namespace guidepost::worker {

/// Name of the state table's one family.
inline constexpr std::string_view kStateFamily = "s";

/// The row of a source's position and floor in a version.
std::string position_row(std::uint32_t version, SourceId source);

/// One partition of one raw topic. A topic made again has another id, so it is another source.
struct Source {
  SourceId number;
  std::string topic;
  std::string topic_id;
  Partition partition;
};

/// D of the design: everything of the source below `offset` (event rows, bad rows, pages, ledger) is durable.
struct DurablePosition {
  Offset offset;
  TimeMs record_time;  ///< the latest of an accepted event below it: what `as_of` is made of
  std::optional<event::Era> era = {};  ///< of the last block below it; nothing: not known
};

/// Thread: any. Blocks: never. Errors of all calls: those of TableStore; kCorrupt.
class StateTable {
 public:
  StateTable(TableStore& tables, Names names) : tables_(tables), names_(std::move(names)) {}

  /// The number of a source; registers it, with `floor`, where it is new. Two that register at once
  /// get the same number.
  void register_source(std::string topic, std::string topic_id, Partition partition, Offset floor,
                       Completion<Source> done);
  void sources(Completion<std::vector<Source>> done);

  /// Where the source's chain begins: this version's floor where it has one, else the one with which the
  /// source was registered.
  void floor(SourceId source, Completion<Offset> done);
  /// The same for ingest.
  struct Beginning {
    Offset floor;
    std::string commit;  ///< of a version that goes on from another one: what that one's ingest had committed there
    Offset known_from;   ///< what lies below it was never read, in no version that this one goes on from
  };
  void beginning(SourceId source, Completion<Beginning> done);
  /// D(source); nothing where none was written yet.
  void durable(SourceId source, Completion<std::optional<DurablePosition>> done);
  /// Who raises D, for the history of it.
  struct Writer {
    std::string name;
    TimeMs now;
    std::optional<Offset> began = {};  ///< where there was no D yet: where the chain began
  };
  /// Raises D, and records it. A lower one written later by a zombie stays invisible: the timestamp is the offset.
  void put_durable(SourceId source, DurablePosition position, const Writer& writer, Completion<void> done);
  /// What had been durable when.
  void history(SourceId source, Completion<PositionHistory> done);

  /// The highest run marker that ingest has passed, and the offset behind it.
  struct PassedMarker {
    RunId run;
    Offset offset;
  };
  void passed_marker(SourceId source, Completion<std::optional<PassedMarker>> done);
  void put_passed_marker(SourceId source, PassedMarker marker, Completion<void> done);

  /// What is missing of raw records, in this version: GapTable.
  void gaps(Completion<std::vector<Gap>> done);
  void record_gap(const Gap& gap, Completion<void> done);

 private:
  struct Registration;
  struct Listing;
  TableStore& tables_;
  Names names_;
};

}  // namespace guidepost::worker
