// A question about a merchant's numbers, answered from the stored pages.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/text.hpp"
#include "guidepost/ports/table_store.hpp"
#include "query/page_scan.hpp"
#include "query/request.hpp"
#include "query/sums.hpp"

namespace guidepost::query {

struct ResultRow {
  std::optional<TimeMs> bucket = {};     ///< start of the interval, where there is one
  std::vector<std::string> values = {};  ///< of Request::by, in its order; foreign bytes
  std::vector<Value> metrics = {};       ///< of Request::metrics, in its order
  std::vector<Value> previous = {};      ///< the same of the time that is compared with; empty where none is
};

/// How far one source is.
struct SourceProgress {
  SourceId source;
  std::string topic;
  Partition partition;
  std::optional<std::int64_t> lag;         ///< raw records not counted yet; nothing: not known
  std::optional<TimeMs> counted_until;     ///< record time
  std::int64_t decided = 0;                ///< of `lag`, what is decided and has only to be counted
  std::optional<TimeMs> waiting_since =
      {};  ///< when the oldest record of `lag` came; nothing: none waits, or not for long
};

/// Raw records that are gone and in no number. Of which merchants and times of events they were nobody knows.
struct MissingRecords {
  SourceId source;
  Offset from;
  Offset to;
  std::optional<TimeMs> after;  ///< received after this; nothing: since ever
  TimeMs before;                ///< and before this
  bool given_up = false;        ///< else their partition stands still
};

/// What the state table says, read before the pages: then an answer is at least as fresh as it says.
struct Freshness {
  std::optional<TimeMs> as_of;  ///< up to which every source of the merchant is counted; nothing: nothing is
  std::vector<SourceProgress> sources;  ///< that still grow
  std::vector<SourceId> registered;     ///< all that may have pages, also of topics that are no more
  std::vector<MissingRecords> missing = {};  ///< that the answer may lack
};

struct QueryResult {
  Request request;
  std::vector<ResultRow> rows = {};  ///< by bucket, then by the first metric, most first, then by value
  ResultRow totals = {};             ///< of everything that was asked for, also what --top cut off
  /// rank_of() the first metric of the totals, interval by interval; empty without intervals.
  std::vector<std::optional<std::int64_t>> series = {};
  std::uint64_t groups = 0;                ///< values (of Request::by) before --top
  std::vector<std::string> estimated = {}; ///< names of metrics of which any number is an estimate
  std::string ranking_currency = {};       ///< by which rows are ranked where the first metric is money
  Freshness freshness = {};
  std::uint64_t revision = 0;              ///< hash of the (source, chunk, position) read

  bool ranks_one_of_several_currencies() const {
    return !ranking_currency.empty() && totals.metrics.front().amounts.size() > 1;
  }
};

struct QueryOptions {
  std::function<Result<Freshness>()> freshness;  ///< empty: not known
  std::function<void(const SeenCell&)> seen = {};  ///< PageScanRequest::seen
  std::size_t max_groups = 500'000;              ///< values times intervals
  Bytes max_memory{1024ULL * 1024 * 1024};
};

/// Thread: any that owns no state machine. Blocks: until answered.
/// Errors: of the store; kCorrupt; kInvalidArgument (over the limits of options: says how to ask for less).
Result<QueryResult> run(const Request& request, TableStore& tables, const Names& names, const QueryOptions& options);

/// One JSON object, docs/query.md; ends with a newline.
std::string render_json(const QueryResult& result);
/// A table for people. On a terminal with bars, a sparkline and thousands separators; else plain.
std::string render_table(const QueryResult& result, const text::Look& look);

}  // namespace guidepost::query
