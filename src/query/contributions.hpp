// What each stored event adds to the number that is asked for: the recount behind `query --explain`.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/names.hpp"
#include "query/page_scan.hpp"
#include "query/request.hpp"
#include "query/tally.hpp"
#include "rollup/contribution.hpp"

namespace guidepost::query {

/// What the pages of a request had counted when they were read. Filled by the thread that reads them, then asked.
class CountedPages {
 public:
  CountedPages(const Request& request, std::size_t most) : asked_for_(request), most_(most) {}
  /// Of a page's cells, chunk 0 first.
  void see(const SeenCell& cell);

  /// Whether what `cause` brought to the bucket is in its page.
  bool counts(Bucket bucket, SourceId source, Offset cause) const;
  /// Whether a value is counted in the page's (other): values that came first are kept, so that is so for ever.
  bool folds(Bucket bucket, SourceId source, event::Traffic traffic, std::string_view value) const;
  /// Errors: kInvalidArgument (there were more than `most`).
  Result<void> complete() const;

 private:
  struct Page {
    Offset position;
    std::uint8_t has_other = 0;  ///< a bit for each traffic
    std::unordered_set<std::uint64_t> values;  ///< that are asked for; only of a dimension that folds
  };
  AskedFor asked_for_;
  std::size_t most_;
  bool more_ = false;
  std::map<std::pair<Bucket, SourceId>, Page> pages_;
};

/// The event that something came with. Views are valid during the call.
struct Origin {
  TimeMs time;
  TimeMs record_time;
  SourceId source;
  Offset offset;
  std::string_view event_id;
  bool refund = false;
};

/// What an event adds to what was asked for: of its own, or to the session of another one.
struct AskedContribution {
  const Origin& origin;
  bool own = true;      ///< false: to the session of another one
  bool counted = false;  ///< a page has it
  bool folded = false;   ///< it is, or will be, in (other), which was not asked for
  rollup::Contribution what;  ///< ids only of its own
};

struct ContributionOptions {
  std::chrono::milliseconds session_gap{std::chrono::minutes{30}};  ///< the longest that sessions were cut by
  std::size_t max_waiting = 2'000'000;  ///< events within two gaps, and changes: what bounds the memory
  std::function<void(std::uint64_t)> progress = {};  ///< hears now and then how many rows were read; may be empty
  std::stop_token cancelled = {};                    ///< whoever asked went away: stop (kCancelled)
};

/// Reads the event rows that an answer is made of. Request::by, interval and top do not matter.
/// Thread: one, that owns no state machine. Blocks: until done.
/// Errors: of the store; kCorrupt; kCancelled; kInvalidArgument (over max_waiting: says how to ask for less).
Result<void> read_contributions(const Request& request, TableStore& tables, const Names& names,
                                const CountedPages& pages, const ContributionOptions& options,
                                const std::function<void(const AskedContribution&)>& visit);

}  // namespace guidepost::query
