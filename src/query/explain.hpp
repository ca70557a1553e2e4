// Why a number is not what it was: what had been counted at an earlier moment, and what has come since. For people:
// docs/query.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "query/contributions.hpp"
#include "query/query.hpp"

namespace guidepost::query {

/// What had been counted of a source at the earlier moment.
struct CountedThen {
  Offset below;
  TimeMs recorded;  ///< when that was recorded: at the moment asked for or before
  std::string by;   ///< by whom; empty: nothing had been counted yet
};

/// The earlier moment.
struct Then {
  TimeMs moment;
  std::chrono::milliseconds resolution{0};  ///< how much older than the moment positions may be
  Names names;            ///< of the version that was read
  bool stored = true;     ///< whether its tables are still there
  TimeMs published = {};  ///< where another version is read now: since when
  std::map<SourceId, CountedThen> sources = {};
};

/// Why something is counted now that was not, or no longer is. An event is under the first that fits.
enum class Cause : std::uint8_t {
  kRefund,       ///< with a negative revenue
  kArrived,      ///< had been received before the moment, but not counted yet
  kOnTime,       ///< was received within a minute after it happened
  kLateMinutes,  ///< within an hour
  kLateHours,    ///< within a day
  kLateDays,     ///< later
  kSessions,     ///< what events changed about the sessions of others, whatever they are under
  kReplay,       ///< another version decided otherwise about what had been counted
  kCount
};
std::string_view to_string(Cause cause);  ///< `on_time`

struct Example {
  TimeMs time;
  TimeMs record_time;
  SourceId source;
  Offset offset;
  std::string event_id;  ///< foreign bytes
};

struct Move {
  std::uint64_t events = 0;  ///< that moved something; of kReplay: not known, 0
  Sums sums;
  std::vector<Example> examples;  ///< the first ones in time
};

/// One metric of the request.
struct ExplainedMetric {
  bool additive = true;  ///< then + moves + unexplained = now
  std::optional<Value> then;  ///< nothing: it cannot be known
  Value came_before;          ///< of now, what of it had been counted then, as the version that is read has it
  std::optional<Value> now;   ///< as recounted; nothing: it cannot be
  Value answer;               ///< of the pages
  std::array<Value, static_cast<std::size_t>(Cause::kCount)> moves = {};  ///< where additive
  Value unexplained = {};  ///< where additive: of the answer, what is not then + moves; zeros left out of money
  bool explained = true;   ///< false: the answer of the pages is not what was counted again
};

struct Explanation {
  QueryResult now;
  Then then;
  std::vector<ExplainedMetric> metrics = {};  ///< of Request::metrics
  std::array<Move, static_cast<std::size_t>(Cause::kCount)> moves = {};
  std::uint64_t folded = 0;     ///< events that are in (other), then and now
  std::uint64_t uncounted = 0;  ///< events that are stored, and in no page yet

  bool is_another_version() const { return then.names.version != version; }
  std::uint32_t version = 1;  ///< that is read now
  bool explained() const;
};

struct ExplainOptions {
  QueryOptions query;
  ContributionOptions rows;
  std::size_t examples = 5;      ///< of each cause
  std::size_t max_pages = 2'000'000;  ///< of the time asked for
  std::size_t max_ids = 500'000;  ///< distinct ids that are recounted; of more, distinct counts are left out
};

/// Answers from the pages, and recounts from the event rows what of it had been counted then, and what has moved it.
/// Writers may go on meanwhile. Request::by, interval, top and previous must be empty.
/// Thread: any that owns no state machine. Blocks: until answered.
/// Errors: of the store; kCorrupt; kCancelled; kInvalidArgument (over the limits: says how to ask for less).
Result<Explanation> explain(const Request& request, TableStore& tables, const Names& names, Then then,
                            const ExplainOptions& options);

/// One JSON object, docs/query.md; ends with a newline.
std::string render_json(const Explanation& explanation);
/// A table for people.
std::string render_table(const Explanation& explanation, const text::Look& look);

}  // namespace guidepost::query
