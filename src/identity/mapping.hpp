// The mapping GUID -> customer: its rows, the history of one GUID, and resolving as of a time.
// Rows: proto/mapping.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::identity {

/// What one run says about one valid_from of a GUID.
struct Assignment {
  TimeMs valid_from;     ///< the earliest possible time where the file gave none
  RunId run;
  enum class Kind : std::uint8_t { kCustomer = 0, kUnmapped = 1, kRemoved = 2 } kind = Kind::kCustomer;
  std::string customer;  ///< of kCustomer
};

/// Everything ever said about one (merchant, guid), all runs.
struct History {
  std::vector<Assignment> assignments;  ///< by valid_from, then newest run first
};

/// The mapping as of a run: the highest run among the markers that precede an event, and the runs
/// that were aborted or undone by then (ascending).
struct MappingView {
  RunId run;
  std::vector<RunId> aborted;
};

enum class ClaimPolicy : std::uint8_t { kNever, kWhenUnmapped };

struct ResolveRules {
  std::chrono::milliseconds stitch_window{std::chrono::hours{24 * 30}};
  ClaimPolicy claim = ClaimPolicy::kWhenUnmapped;
};

struct Resolution {
  std::string_view customer;  ///< into the history or the claim; empty: anonymous
  event::ResolvedBy by = event::ResolvedBy::kNone;
};

/// Who a GUID belonged to at `time`, as of `view`. A pure function: the newest value per valid_from
/// with a run at or below view.run, aborted ones skipped; then the last valid_from at or before
/// `time`; before the first mapping, stitched to it within the window; else the claim, where the
/// policy allows it and nothing is mapped.
Resolution resolve(const History& history, const MappingView& view, TimeMs time, std::string_view claimed,
                   const ResolveRules& rules);

inline constexpr std::string_view kMappingFamily = "m";
std::string mapping_row(std::string_view merchant, std::string_view guid);
std::string mapping_qualifier(TimeMs valid_from);  ///< 8 bytes, order-preserving
CellPut mapping_cell(const Assignment& assignment);
/// Errors: kCorrupt.
Result<History> history_of(const Row& row);

}  // namespace guidepost::identity
