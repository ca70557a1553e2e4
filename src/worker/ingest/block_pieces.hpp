// Blocks that fit into a record, whatever is in them.
#pragma once

#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::worker {

/// Cuts decisions into as many as it takes for each to be encoded in at most `most`, or to be of one event. How many raw
/// bytes came in says little of it: a small event may change sessions of others whose values are long, and brings them.
/// `run_before`: the run of all pieces but the last, which has that of the whole.
std::vector<event::Decisions> pieces_of(event::Decisions whole, Bytes most, RunId run_before);

/// The decisions about [from, to) of `whole`; its run is not set.
event::Decisions piece_of(const event::Decisions& whole, Offset from, Offset to);

}  // namespace guidepost::worker
