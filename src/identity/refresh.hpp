// Loads a mapping file as one run, and publishes it at once. For people: docs/identity.md.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/patience.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"
#include "identity/mapping_file.hpp"
#include "identity/publish.hpp"
#include "identity/refresh_lock.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {

enum class RefreshScope : std::uint8_t {
  kIncremental,  ///< what the file does not name stays
  kFull,         ///< what it does not name is removed, for the merchants that it names and the default one
};

struct RefreshOptions {
  std::string file_name;  ///< as it is recorded and shown
  std::string default_merchant;
  std::size_t id_bytes = 128;
  RefreshScope scope = RefreshScope::kIncremental;
  /// Refuses a full refresh that would remove more than this part of what a merchant has. 100: none.
  std::uint32_t max_vanished_percent = 20;
  /// More bad lines than this refuse the file; with kFull it must be 0, for who is in a bad line is unknown.
  std::uint64_t max_bad_lines = 0;
  Bytes full_memory{1024 * 1024 * 1024};  ///< for what the file names, 8 bytes each, while sorting; kFull only
  RefreshLockOptions lock;                ///< its owner is the run's
  /// The run's number is higher: runs up to it have markers in the log, also where a restored table knows nothing of them.
  RunId after{0};
  std::size_t batch_lines = 500;
  std::size_t batches_in_flight = 4;
  Patience patience;
  std::function<void(const BadLine&)> on_bad_line;
  /// Ends the work early: the run is aborted, the lock released. Without effect once the run is complete.
  std::stop_token cancelled;
  /// Told at named points of the work: lock, aborted_dead, marker_repeated, claimed, batch, sweep,
  /// swept, listed, completed, published. False: stop there and then, as a process that dies would, with nothing
  /// cleaned up. Optional.
  std::function<bool(std::string_view step)> at_step;
};

struct RefreshProgress {
  enum class Phase : std::uint8_t { kReading, kComparing, kRemoving, kPublishing } phase = Phase::kReading;
  std::uint64_t lines = 0;  ///< read so far
  std::uint64_t bytes = 0;  ///< of the file
  std::uint64_t table_rows = 0;  ///< scanned, while comparing and removing
};
using RefreshProgressFunction = std::function<void(const RefreshProgress&)>;

struct RefreshReport {
  RunId run;
  RunCounts counts;
  std::uint64_t repeated = 0;  ///< lines overruled by a later one of the same device and valid_from
  std::vector<RunId> aborted;  ///< runs of refreshes that died, which this one found
  std::vector<MarkerPosition> markers;  ///< the run holds for records behind these
};

/// Reads the file into a new run, completes it, and puts its marker into every partition of the raw
/// topic. Until it is complete nothing of it is seen; after a crash at any point doing it again is right:
/// an unfinished run is aborted, a finished one published.
/// Thread: any. Blocks: yes, all of it.
/// Errors: kUnavailable (another refresh is at work; a store is away), kInvalidArgument (the file: its
/// header, bad lines, too much vanished; nothing has changed then), kNotFound (no table or topic: `init`
/// makes them), kCancelled (another refresh took this one to be dead), those of the stores.
Result<RefreshReport> run_refresh(const RefreshOptions& options, std::istream& file, TableStore& tables, EventLog& log,
                                  const Names& names, const RefreshProgressFunction& progress);

/// A run without cells that takes `run` back: from its marker on, it is as if that had never been. Only the
/// newest that is in force can be taken back, since later ones did not write what it had said already; an
/// undo itself, while nothing was loaded after it. Of the options: lock, patience, at_step.
/// Errors: as run_refresh; kInvalidArgument where that run cannot be undone, with the reason.
Result<RefreshReport> undo_run(const RefreshOptions& options, RunId run, TableStore& tables, EventLog& log,
                               const Names& names);

}  // namespace guidepost::identity
