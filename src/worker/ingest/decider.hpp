// Decides about a batch of raw records: everything that needs no look-up.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/arena.hpp"
#include "enrich/enricher.hpp"
#include "event/decoder.hpp"
#include "guidepost/event/decision.hpp"
#include "identity/runs.hpp"
#include "worker/ingest/dedupe_window.hpp"
#include "worker/ingest/ingest_options.hpp"
#include "worker/ingest/session_window.hpp"

namespace guidepost::worker {

/// What of a batch was decided before identities are looked up.
struct Undecided {
  std::vector<event::Accepted> accepted;  ///< kCustomer still empty
  std::vector<event::Bad> bad;
  std::vector<event::Duplicate> duplicates;
  std::vector<event::Skipped> skipped;
  std::vector<event::SessionChange> changes;
  std::vector<event::Accepted>
      subjects;  ///< of the changes, but for what is accepted here; in any order, perhaps twice
  std::size_t records_taken = 0;  ///< of the batch; fewer than it has where a control record or many holes ended it
  std::optional<identity::RunMarker> marker;  ///< the control record that ended it
  Offset next;  ///< end of the offsets decided
  void clear();
};

/// What it decides depends on the records within reach of its windows alone: a new one that takes those first, from any
/// offset at or before the first of them, decides about later ones as one that was never away.
/// Thread: one owner. Blocks: never. Views in what it gives point into the records and the arena.
class Decider {
 public:
  Decider(event::Decoder& decoder, enrich::Enricher& enricher, const IngestOptions& options, Partition partition,
          Offset sessions_from)
      : decoder_(decoder),
        enricher_(enricher),
        window_(options.dedupe_offsets, options.dedupe_horizon),
        sessions_(options.sessions, sessions_from),
        partition_(partition) {}

  /// Holes taken in one go; the rest of a longer range comes with the next call.
  static constexpr std::int64_t kMostHoles = 16'384;

  /// Takes records up to the first control record (included). `from` is the offset after the last one
  /// decided: what lies between it and the first record are holes. `end`: where the batch ends.
  void decide(std::span<const LogRecord> records, Offset from, Offset end, Arena& arena, Undecided& out);
  std::size_t memory_bytes() const { return window_.memory_bytes() + sessions_.memory_bytes(); }

 private:
  bool skip_holes(Offset to, Undecided& out);
  void pass_windows(Arena& arena, Undecided& out);

  event::Decoder& decoder_;
  enrich::Enricher& enricher_;
  DedupeWindow window_;
  SessionWindow sessions_;
  Partition partition_;
  std::optional<TimeMs> last_record_time_;
  struct Pass {
    Offset offset;
    TimeMs log_time;
    std::ptrdiff_t accepted;  // index, or -1: no event
    EventIdentity identity;
  };
  std::vector<Pass> passes_;
};

}  // namespace guidepost::worker
