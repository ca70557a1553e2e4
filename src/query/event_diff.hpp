// Which events two versions decided differently: a merge of their event rows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "query/version_diff.hpp"

namespace guidepost::query {

/// What an event has of a session in B more than in A, added up over all that its neighbours changed about it.
struct SessionDifference {
  std::int64_t sessions = 0;  ///< it begins one
  std::int64_t bounces = 0;   ///< it is the only one of its session
  std::int64_t exits = 0;     ///< it ends one
  std::int64_t dwells = 0;    ///< its time on the page is known
  std::int64_t dwell_ms = 0;
  bool operator==(const SessionDifference&) const = default;
};

/// A column of a row with another value. Nothing: it has none there.
struct ColumnDifference {
  std::string family;
  std::string qualifier;
  std::optional<std::string> a;
  std::optional<std::string> b;
};

struct EventDifference {
  enum class Kind : std::uint8_t { kOnlyA, kOnlyB, kChanged };
  Kind kind = Kind::kChanged;
  std::string merchant;
  TimeMs time;
  SourceId source;
  Offset offset;
  std::string event_id, type, guid;  ///< as in A, or else in B
  std::vector<ColumnDifference> columns =
      {};  ///< of a changed one, in the order of a row; none where only its session changed
  SessionDifference session = {};              ///< of a changed one
};

struct EventDiff {
  std::vector<EventDifference> events;  ///< by merchant, time, source, offset: the first, up to the limit
  std::uint64_t only_a = 0;
  std::uint64_t only_b = 0;
  std::uint64_t changed = 0;
  std::uint64_t compared = 0;  ///< events that are in one or both
  std::uint64_t newer = 0;     ///< events that were passed over, because only one of the versions is that far

  std::uint64_t differing() const { return only_a + only_b + changed; }
  bool differs() const { return differing() > 0; }
};

/// Columns of two rows of one event whose values differ, but `session_changes`, which is compared by what it comes to. Cells
/// of both are in the order of a row.
std::vector<ColumnDifference> columns_that_differ(const Row& a, const Row& b);

/// Compares event by event. One is the same in both where merchant, time, source and offset are; all its columns are
/// compared, but not their timestamps (which are the record's time), and instead of `session_changes` what these come to for
/// the events that they are about.
/// `decided`: of each source, the offset below which both versions have decided; rows above it are passed over.
/// Thread: any that owns no state machine. Blocks: until done.
/// Errors: of the store; kCorrupt; kCancelled; kInvalidArgument (over max_pending: says how to ask for less).
Result<EventDiff> diff_events(const VersionPair& versions, const std::map<SourceId, Offset>& decided,
                              const DiffOptions& options);

}  // namespace guidepost::query
