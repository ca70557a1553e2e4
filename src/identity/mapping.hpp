// The mapping GUID -> customer: its rows, the history of one GUID, and resolving as of a time.
// Rows: proto/mapping.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::identity {

/// What one run says about one valid_from of a GUID. Numbers of Kind are stored.
struct Assignment {
  enum class Kind : std::uint8_t {
    kCustomer = 0,
    kUnmapped = 1,  ///< from then on the GUID belongs to nobody
    kRemoved = 2,   ///< as if this valid_from had never been
  };
  TimeMs valid_from;  ///< kSinceEver where the file gave none
  RunId run;
  Kind kind = Kind::kCustomer;
  std::string_view customer;  ///< of kCustomer; points into what holds the history
  bool operator==(const Assignment&) const = default;
};
inline constexpr TimeMs kSinceEver = TimeMs::min();

/// Everything ever said about one (merchant, guid), by all runs: by valid_from, then newest run first.
using History = std::span<const Assignment>;

/// The mapping as of a run: the highest run among the markers that precede an event, and the runs
/// that were aborted or undone by then (ascending). Run 0: nothing is mapped.
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
  bool operator==(const Resolution&) const = default;
};

/// Whether cells of `run` are part of the mapping as of `view`.
bool counts(const MappingView& view, RunId run);

/// Who a GUID belonged to at `time`, as of `view`. A pure function:
/// 1. per valid_from the newest value that counts; where that is kRemoved, the valid_from is not there;
/// 2. of those, the last one at or before `time` says the customer, or that there is none;
/// 3. where all are later and the first gives a customer, the event is stitched to it, within the window;
/// 4. else, where the policy allows it, the claim. An explicit unmapping is "nothing mapped" too: who
///    says of a device that it is nobody's does not contradict an event that says who it is.
Resolution resolve(History history, const MappingView& view, TimeMs time, std::string_view claimed,
                   const ResolveRules& rules);

/// The value at exactly this valid_from as of `view`, or nothing (also where it was removed).
const Assignment* assignment_at(History history, const MappingView& view, TimeMs valid_from);

/// hash64(merchant 0x00 guid): places rows, names changed GUIDs, keys the cache.
std::uint64_t guid_hash(std::string_view merchant, std::string_view guid);

inline constexpr std::string_view kMappingFamily = "m";
/// The mapping table, split evenly over `regions` (1-256) ranges of its hash prefix.
TableSpec mapping_table(std::string name, std::size_t regions);
/// The first 2 bytes of guid_hash, big endian; merchant 0x00 guid.
std::string mapping_row(std::string_view merchant, std::string_view guid);
/// 8 bytes: valid_from in milliseconds, big endian, sign bit flipped, so that bytes sort as times do.
std::string mapping_qualifier(TimeMs valid_from);
CellPut mapping_cell(const Assignment& assignment);

/// What a row key says. Views point into the row key.
struct MappingRowKey {
  std::string_view merchant;
  std::string_view guid;
};
/// Errors: kCorrupt.
Result<MappingRowKey> parse_mapping_row(std::string_view row);
/// The history in a row that was read with all versions; empty where the row is. Customers point into
/// the row. Errors: kCorrupt.
Result<std::vector<Assignment>> history_of(const Row& row);

}  // namespace guidepost::identity
