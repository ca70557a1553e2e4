#include "guidepost/event/decision.hpp"

#include <algorithm>

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
    case Outcome::kLost:
      return "lost";
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

const Accepted* Decisions::subject(const SessionChange& change) const {
  const auto& list = change.subject < from ? earlier : accepted;
  const auto found = std::lower_bound(list.begin(), list.end(), change.subject,
                                      [](const Accepted& event, Offset offset) { return event.offset < offset; });
  return found != list.end() && found->offset == change.subject ? &*found : nullptr;
}

std::span<const SessionChange> Decisions::changes_of(Offset cause) const {
  const auto first = std::lower_bound(changes.begin(), changes.end(), cause,
                                      [](const SessionChange& change, Offset offset) { return change.cause < offset; });
  const auto end = std::find_if(first, changes.end(), [cause](const SessionChange& c) { return c.cause != cause; });
  return {first, end};
}

void sort_subjects(std::vector<Accepted>& subjects) {
  std::sort(subjects.begin(), subjects.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  const auto end =
      std::unique(subjects.begin(), subjects.end(), [](const auto& a, const auto& b) { return a.offset == b.offset; });
  subjects.erase(end, subjects.end());
}

}  // namespace guidepost::event
