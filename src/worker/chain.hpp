// Which block goes on from which: the rule by which the resolved log decides.
#pragma once

#include <cstdint>
#include <optional>

#include "guidepost/event/decision.hpp"

namespace guidepost::worker {

/// How a block stands to what was applied before it.
enum class Fit : std::uint8_t {
  kPassed,    ///< all of it was applied before, whoever wrote that
  kGoesOn,    ///< it is next, from its beginning or from its middle
  kGap,       ///< blocks before it are missing
  kOtherEra,  ///< what it changes of sessions is about decisions that others made otherwise, and that count
};

/// Of a source that is applied up to `offset`, the last of it in `era` (nothing: it is not known, or there was no block yet).
///
/// The first block that fits is the truth about its offsets. Blocks of one era are one function of the raw log, so it is no
/// matter who wrote them. Two workers that decide by different rules, the one of them a zombie, write blocks of different
/// eras: the first one to write behind the chain's end, knowing where that is, goes on, and what the other one writes does
/// not fit until it has looked where the chain ends now.
Fit fit(Offset offset, const std::optional<event::Era>& era, const event::Decisions& block);

}  // namespace guidepost::worker
