// Mapping runs: their rows in the state table, what each changed, and the markers in the raw log.
// Formats: proto/runs.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/control.hpp"
#include "guidepost/ports/table_store.hpp"
#include "identity/mapping.hpp"

namespace guidepost::identity {

/// A control record of the raw log: from this offset on, this run holds in this partition.
struct RunMarker {
  RunId run;
  std::vector<RunId> aborted;  ///< all runs below `run` that do not count, ascending
  bool operator==(const RunMarker&) const = default;
};

/// Reserved key of control records; nothing from HTTP can get it (merchants never begin with 0x00).
using event::kControlKey;
std::string encode_marker(const RunMarker& marker);
/// Errors: kCorrupt.
Result<RunMarker> decode_marker(std::string_view value);

/// kUndone is not stored: it is a complete run that a later one, itself not undone, names.
enum class RunStatus : std::uint8_t { kStarted, kComplete, kAborted, kUndone };
std::string_view to_string(RunStatus status);

/// What a run did.
struct RunCounts {
  std::uint64_t lines = 0;      ///< of the file, without header and blank ones
  std::uint64_t bad = 0;        ///< of them, refused
  std::uint64_t assigned = 0;   ///< cells written that name a customer
  std::uint64_t unmapped = 0;   ///< cells written that say: nobody's from then on
  std::uint64_t removed = 0;    ///< cells written by a full refresh for what the file no longer has
  std::uint64_t unchanged = 0;  ///< lines that say what was so already
  std::uint64_t changed_guids = 0;
  bool operator==(const RunCounts&) const = default;
};

/// A run's row, without its list of changed GUIDs.
struct RunRecord {
  RunId run;
  RunStatus status = RunStatus::kStarted;
  std::string owner;            ///< who runs it: host, process, something unique
  std::string file;             ///< as it was named; empty for an undo
  std::optional<RunId> undoes;  ///< an undo: the run that no longer counts
  TimeMs started;
  TimeMs finished;              ///< of a complete one
  RunCounts counts;
  bool forget_all = false;      ///< too many changed GUIDs to list
  std::uint32_t changed_cells = 0;  ///< cells that list them
  RunMarker marker;             ///< of a complete one: what is, or will be, in the raw log
};

inline constexpr std::string_view kStateFamily = "s";
std::string run_row(RunId run);  ///< `run/` and 20 digits
/// Qualifiers of a run's row. `status` is compared and set; the others are written once.
inline constexpr std::string_view kRunStatus = "status";
/// Value of `status` while started: only this owner may complete the run.
std::string started_by(std::string_view owner);
RowPut run_started(const RunRecord& record);
RowPut run_completed(const RunRecord& record);
RowPut run_aborted(RunId run);
/// A get of a run's record, without the list of changed GUIDs.
RowGet run_get(RunId run);
/// Errors: kNotFound (an absent row), kCorrupt.
Result<RunRecord> parse_run(RunId run, const Row& row);

/// Runs of `runs` (all there are, ascending) below `run` that do not count at it: those that are not
/// complete, and those undone by one that counts.
std::vector<RunId> aborted_as_of(std::span<const RunRecord> runs, RunId run);
/// Sets kUndone where it is so.
void mark_undone(std::vector<RunRecord>& runs);

/// GUIDs that a run changed, by guid_hash: sorted hashes in cells of at most 64 KiB.
inline constexpr std::size_t kHashesPerCell = 8000;
inline constexpr std::size_t kMaxListedGuids = 1'000'000;  ///< over this the run says: forget all
std::string changed_qualifier(std::uint32_t cell);
/// `hashes` ascending, at most kHashesPerCell.
std::string encode_changed(std::span<const std::uint64_t> hashes);
/// Errors: kCorrupt.
Result<std::vector<std::uint64_t>> decode_changed(std::string_view value);

}  // namespace guidepost::identity
