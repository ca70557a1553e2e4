#include "worker/chain.hpp"

namespace guidepost::worker {

Fit fit(Offset offset, const std::optional<event::Era>& era, const event::Decisions& block) {
  if (block.to <= offset) return Fit::kPassed;
  if (block.from > offset) return Fit::kGap;
  const bool knows = !era || block.era == *era || block.era.from >= offset;
  return knows ? Fit::kGoesOn : Fit::kOtherEra;
}

}  // namespace guidepost::worker
