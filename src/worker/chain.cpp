#include "worker/chain.hpp"

namespace guidepost::worker {

bool knows(Offset offset, const std::optional<event::Era>& era, const event::Era& of) {
  return !era || of == *era || of.from >= offset;
}

Fit fit(Offset offset, const std::optional<event::Era>& era, const event::Decisions& block) {
  if (block.to <= offset) return Fit::kPassed;
  // Before gaps: blocks that follow one that does not fit are not without what is before them.
  if (!knows(offset, era, block.era)) return Fit::kOtherEra;
  return block.from > offset ? Fit::kGap : Fit::kGoesOn;
}

}  // namespace guidepost::worker
