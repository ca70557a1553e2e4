// What was seen of a canary's events, and what that means. Pure: no clock, no store.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"

namespace guidepost::app {

/// An event that was sent.
struct CanaryEvent {
  std::string id;       ///< of this run alone, so that other canaries' rows are told apart
  Partition partition;  ///< where its key leads
};

/// An event row of the canary's merchant, of whichever run or canary.
struct CanaryRow {
  std::string id;
  SourceId source;
  Offset offset;
};

/// The number that readers get of one source, and up to where it is complete.
struct CanaryNumber {
  Offset position;
  std::int64_t events = 0;
};

/// A bad row of the canary's merchant.
struct CanaryRefusal {
  std::string reason;
  std::string bytes;  ///< of the event, as it came
};

/// The merchant's rows and numbers of the quarter of an hour in which the events lie. Numbers are read before rows: what a
/// number counts has its row by then.
struct CanarySight {
  std::map<SourceId, CanaryNumber> numbers;
  std::vector<CanaryRow> rows;
  std::vector<CanaryRefusal> refusals = {};  ///< of about that time; read for the last sight alone
};

/// How far the stages are with a partition, read before the last sight.
struct CanaryProgress {
  Offset end;  ///< behind the run's events
  Offset decided;  ///< by ingest
  Offset stored;  ///< by aggregate: D
};

/// How a run ended. In the order of how bad it is.
enum class CanaryOutcome : std::uint8_t {
  kWell,
  kUncounted,  ///< late: stored, in no number yet
  kUnapplied,  ///< late: decided, and not stored
  kUndecided,  ///< late: in the log, and not decided
  kUnknown,  ///< the stores could not be asked
  kNotTaken,  ///< the way in did not take them
  kRefused,  ///< they are bad at first sight
  kLost,  ///< everything around them is stored, they are not
  kMiscounted,  ///< a number is another one than its rows
  kDoubled,  ///< sent once, stored more than once
};
/// The words of metrics and of JSON.
std::string_view to_string(CanaryOutcome outcome);
inline constexpr int kCanaryOutcomes = static_cast<int>(CanaryOutcome::kDoubled) + 1;

struct CanaryFinding {
  CanaryOutcome outcome;
  std::string message;  ///< a sentence for people, without a full stop
};

/// The run's events by how far they came, and the numbers that are wrong.
struct CanaryTally {
  std::size_t sent = 0;
  std::size_t with_row = 0;
  std::size_t counted = 0;  ///< the number of their row's source goes beyond them
  std::size_t doubled = 0;
  std::size_t wrong_numbers = 0;
  bool well() const { return counted == sent && doubled == 0 && wrong_numbers == 0; }
};

/// Numbers are compared with all rows below their position, whoever sent them: several canaries do not disturb one another,
/// and a writer that is behind is no difference.
CanaryTally tally(const std::vector<CanaryEvent>& events, const CanarySight& sight);

/// Everything that is not well, each with the place where it got stuck. Nothing: all is well.
std::vector<CanaryFinding> findings(const std::vector<CanaryEvent>& events, const CanarySight& sight,
                                    const std::map<Partition, CanaryProgress>& progress);

}  // namespace guidepost::app
