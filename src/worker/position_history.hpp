// What had been counted of a source at a moment of the past: a bounded history of its durable position. Format: proto/state.md.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "guidepost/ports/table_store.hpp"

namespace guidepost::worker {

/// A durable position as someone recorded it.
struct RecordedPosition {
  TimeMs at;  ///< by the clock of whoever recorded it
  Offset offset;
  std::string by;  ///< a name for people: the member of the group, or the host
};

/// How long positions are known, to the day; nearer moments are known better (resolution_at()).
inline constexpr std::chrono::milliseconds kHistoryKept{std::chrono::days{400}};

/// How much older than asked a position may be that at() gives of a source which is counted all the time.
std::chrono::milliseconds resolution_at(TimeMs moment, TimeMs now);

/// The row of a source in a version.
std::string history_row(std::uint32_t version, SourceId source);

/// The cells that record a position: of each resolution the one of its time, which has had the same name before and will have
/// it again, so that a source has at most so many cells. Timestamps are the position: what a zombie writes late is lower, and
/// stays invisible.
std::vector<CellPut> history_cells(const RecordedPosition& recorded);
/// The cell that says where it began: before that moment nothing above that position was durable.
CellPut history_begin(const RecordedPosition& recorded);

/// The history of one source in one version. Thread: any, one at a time.
class PositionHistory {
 public:
  /// Of its row, as it is stored; one without cells is a history that has not begun. Errors: kCorrupt.
  static Result<PositionHistory> parse(const Row& row);

  bool empty() const { return recorded_.empty() && !begin_; }
  /// What was durable at that moment at least: the highest position that had been recorded by then. Before its beginning:
  /// that of the beginning, with the moment asked for.
  /// Errors: kOutOfRange (that is not known, any more or yet: the message says since when it is).
  Result<RecordedPosition> at(TimeMs moment, TimeMs now) const;

 private:
  std::vector<RecordedPosition> recorded_;
  std::optional<RecordedPosition> begin_;
};

}  // namespace guidepost::worker
