#include "guidepost/event/decision.hpp"

namespace guidepost::event {

std::string_view to_string(Outcome o) {
  switch (o) {
    case Outcome::kAccepted:
      return "accepted";
    case Outcome::kBad:
      return "bad";
    case Outcome::kDuplicate:
      return "duplicate";
    case Outcome::kSkipped:
      return "skipped";
  }
  return "unknown";
}

std::string_view to_string(ResolvedBy r) {
  switch (r) {
    case ResolvedBy::kNone:
      return "none";
    case ResolvedBy::kMap:
      return "map";
    case ResolvedBy::kStitch:
      return "stitch";
    case ResolvedBy::kClaim:
      return "claim";
  }
  return "unknown";
}

std::string_view to_string(Traffic t) {
  switch (t) {
    case Traffic::kHuman:
      return "human";
    case Traffic::kBot:
      return "bot";
  }
  return "unknown";
}

}  // namespace guidepost::event
