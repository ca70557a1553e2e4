#include "worker/completeness.hpp"

#include <algorithm>

namespace guidepost::worker {
namespace {

constexpr std::size_t kMostMoments = 128;

}  // namespace

void Completeness::ended(Offset end, TimeMs when) {
  end_ = end_ ? std::max(*end_, end) : end;
  if (done_ && end <= *done_) {
    until_ = until_ ? std::max(*until_, when) : when;
    return;
  }
  // Records tell of moments before those that the log's end told of. One tells nothing that is reached later and ended
  // no later than another.
  auto at_end = std::upper_bound(moments_.begin(), moments_.end(), end,
                                 [](Offset e, const Moment& moment) { return e < moment.end; });
  if (at_end != moments_.begin() && std::prev(at_end)->when >= when) return;
  if (at_end != moments_.begin() && std::prev(at_end)->end == end) --at_end;
  auto passed = at_end;
  while (passed != moments_.end() && passed->when <= when) ++passed;
  moments_.insert(moments_.erase(at_end, passed), {end, when});
  if (moments_.size() <= kMostMoments) return;
  // Every other one goes, but not the first, which is due next.
  std::size_t at = 0;
  std::erase_if(moments_, [&](const Moment&) { return at++ % 2 == 1; });
}

void Completeness::done(Offset position) {
  done_ = done_ ? std::max(*done_, position) : position;
  if (end_) end_ = std::max(*end_, *done_);  // more has come since
  while (!moments_.empty() && moments_.front().end <= *done_) {
    until_ = until_ ? std::max(*until_, moments_.front().when) : moments_.front().when;
    moments_.pop_front();
  }
}

std::int64_t Completeness::lag() const { return end_ && done_ ? std::max<std::int64_t>(0, *end_ - *done_) : 0; }

}  // namespace guidepost::worker
