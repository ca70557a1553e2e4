// The independent recount: stored events against stored rollups and ledger. For people: docs/verify.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/patience.hpp"
#include "guidepost/ports/table_store.hpp"
#include "verify/first_offsets.hpp"

namespace guidepost::verify {

/// A source as the state table knows it, read before verify begins.
struct SourceState {
  SourceId source;
  Offset floor;    ///< where its chain begins
  Offset durable;  ///< D: everything below it is in the tables
};

struct VerifyOptions {
  std::optional<std::string> merchant;  ///< nothing: all that left a trace in any table
  std::optional<TimeMs> from;           ///< of the events' times; widened to whole buckets
  std::optional<TimeMs> to;
  std::vector<SourceState> sources;
  /// Reads them anew: whether the ledger adds up can be said of what D has passed. None: they are as above.
  std::function<Result<std::vector<SourceState>>()> sources_now = {};
  std::size_t max_differences = 100;    ///< listed; all are counted
  std::chrono::milliseconds session_gap{std::chrono::minutes{30}};  ///< the longest that stored sessions were cut by
  std::uint64_t slice_events = 50'000;  ///< about this many are recounted at a time: what bounds the memory
  std::chrono::milliseconds settle{5000};  ///< how long the rest of what is half written is waited for
  Patience patience;
};

/// Where what is stored and what was counted again do not agree.
struct Difference {
  std::string merchant;              ///< empty: the source's total
  SourceId source;
  std::optional<TimeMs> time;        ///< start of the bucket, or of the ledger's day
  std::string dimension;             ///< `url`; of the ledger: `ledger`; of a page as a whole: `page`
  std::string traffic;               ///< empty where it is not of a value
  std::string value;
  std::string measure;               ///< `events`, `devices`, or what is wrong
  double stored = 0;
  double recounted = 0;
  FirstOffsets rows = {};            ///< of `source`: those that were counted again; none where there are none
};
std::string to_string(const Difference& difference);  ///< a line, foreign bytes escaped

struct VerifyReport {
  std::uint64_t merchants = 0;
  std::uint64_t pages = 0;
  std::uint64_t cells = 0;     ///< measures of values compared
  std::uint64_t folded = 0;    ///< values that are in `(other)` and were compared as its sum
  std::uint64_t rows = 0;      ///< event rows read
  std::uint64_t bad_rows = 0;
  std::uint64_t uncounted = 0; ///< rows that no page counts yet, and need not: above D
  std::uint64_t ledger_cells = 0;
  bool ledger_by_merchant = false;  ///< compared with rows too: not where a time range was given
  std::uint64_t differences_total = 0;
  std::vector<Difference> differences;  ///< the first ones
  bool agrees() const { return differences_total == 0; }
};

struct VerifyProgress {
  std::string merchant;
  TimeMs at;  ///< event time reached
  const VerifyReport& so_far;
};

/// Recounts from event rows and bad rows and compares: each page up to its own position, counters
/// exactly, distincts exactly up to 192 and above within 8 %; every row below D is in a page; the
/// ledger's cells with the rows; per source, position - floor = counted + bad + duplicate + skipped + lost.
/// Writers may go on meanwhile: pages and ledger are read before the rows that they count.
/// Memory: one slice of a merchant's events at a time.
/// Thread: any. Blocks: yes, all of it. Errors: of the store. Stored bytes that cannot be read are differences.
Result<VerifyReport> run(const VerifyOptions& options, TableStore& tables, const Names& names,
                         const std::function<void(const VerifyProgress&)>& progress);

}  // namespace guidepost::verify
