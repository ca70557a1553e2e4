// Raw records that were gone before ingest could decide about them: what is missing, and who gave it up.
// Rows: proto/state.md, `gap/`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::worker {

/// Why records are not there. Stored by its word.
enum class GapCause : std::uint8_t {
  kRetention,  ///< the log no longer holds them
  kCut,        ///< the log ends before what was decided: what it takes at these offsets next is passed over
};
std::string_view to_string(GapCause cause);

/// The raw offsets [from, to) of one source, which no number has and none will have.
struct Gap {
  /// An operator's word that ingest may go on behind it.
  struct Acceptance {
    TimeMs at;
    std::string by;
    bool operator==(const Acceptance&) const = default;
  };
  SourceId source;
  Offset first;  ///< where it began when it was seen first: names its row
  Offset from;
  Offset to;
  GapCause cause = GapCause::kRetention;
  TimeMs after;   ///< the latest time of a record that was counted before it; the epoch: none was
  TimeMs before;  ///< the time of the first record that is there behind it; where there is none, that of looking
  TimeMs seen;    ///< when it was seen first
  std::optional<Acceptance> accepted;

  std::int64_t count() const { return to - from; }
  bool operator==(const Gap&) const = default;
};

/// `3:1245-1500`: source, first offset, and the one behind the last: how a person names a gap.
std::string to_string(const Gap& gap);

/// The gaps of each version of the outputs. Thread: any. Blocks: never. Errors of all calls: those of TableStore; kCorrupt.
class GapTable {
 public:
  /// `state`: name of the state table.
  GapTable(TableStore& tables, std::string state) : tables_(tables), state_(std::move(state)) {}

  /// Ascending by source and offset. One that nothing is left of is not among them: others had decided it after all.
  void list(std::uint32_t version, Completion<std::vector<Gap>> done);
  /// Says what is missing, as far as it is known; again where more is, or less. Does not accept.
  void record(std::uint32_t version, const Gap& gap, Completion<void> done);
  /// Gives up [gap.from, gap.to) as they are given, and no more, should more be missing by now.
  void accept(std::uint32_t version, const Gap& gap, Gap::Acceptance acceptance, Completion<void> done);

 private:
  struct Listing;
  TableStore& tables_;
  std::string state_;
};

}  // namespace guidepost::worker
