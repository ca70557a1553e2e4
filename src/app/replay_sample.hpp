// What a replay would change, by a sample of devices: decided again, compared with what the published version counts.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "app/node.hpp"
#include "app/replay.hpp"
#include "query/event_diff.hpp"

namespace guidepost::app {

/// A number of the sample, and what it comes to for all devices.
struct SampledNumber {
  std::string what;
  std::int64_t in_sample = 0;
  std::uint64_t devices = 0;  ///< of the sample, that have a part in it
  double in_all = 0;
  double margin = 0;  ///< about 95 % of all samples are as near as this, where it comes from a dozen devices or more
};

struct ReplaySample {
  std::uint64_t records = 0;   ///< decided again, of all devices
  std::uint64_t events = 0;    ///< of the sample, compared
  std::uint64_t devices = 0;   ///< of the sample
  SampledNumber differing{"events", 0, 0, 0, 0};
  std::vector<SampledNumber>
      parts;  ///< in what they differ: a verdict, a column, the session; an event may be in several
  std::vector<SampledNumber> net;    ///< how many more there would be of some numbers, of all traffic
  std::vector<query::EventDifference> examples;  ///< each of another device; A: as it counts, B: as it would
};

struct SampleOptions {
  double share = 0.01;        ///< of the devices, over 0 up to 1
  std::optional<std::string> merchant = {};  ///< only of this one; nothing: of all
  std::size_t examples = 10;
  std::size_t max_pending =
      500'000;  ///< events of the sample and of a partition that differ, and devices: bounds memory
  std::function<void(std::uint64_t)> progress = {};  ///< hears of the records read
};

/// Decides again everything that the plan would and the published version has counted, and compares it for the devices whose
/// hash falls into the sample: those always, so that each of their sessions is whole, and another setting is tried on the same
/// ones. Records that are refused have no device: of them the same share is taken by the hash of their offsets. Writes
/// nothing. Thread: any that owns no state machine. Blocks: until done. Errors: of the stores; kCorrupt; kCancelled; of the
/// files of enrichment; kInvalidArgument (over max_pending).
Result<ReplaySample> sample_replay(Node& node, const ReplayPlan& plan, const ReplayWish& wish,
                                   const SampleOptions& options, const std::stop_token& cancelled);

/// A total of all devices from what was found of each device of a sample of `share` of them: in all, and the half width of
/// its interval of 95 %. Each device is in the sample or not, by itself (Horvitz-Thompson): the variance of the total is
/// estimated as (1 - share) / share^2 times the sum of the squares.
SampledNumber extrapolate(std::string what, std::span<const std::int64_t> of_devices, double share);

}  // namespace guidepost::app
