#include "adapters/hbase/tries.hpp"

#include <algorithm>

namespace guidepost::hbase {
namespace {

constexpr int kMaxDoublings = 20;

}  // namespace

void Tries::begin(Time now) {
  if (count_++ == 0) first_ = now;
}

Error Tries::last_word(const Failure& failure, ErrorCode code, Time now) const {
  auto message = failure.message;
  if (count_ > 1) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - first_).count();
    message += " (tried " + std::to_string(count_) + " times in " + std::to_string(ms) + " ms)";
  }
  return {code, std::move(message)};
}

Tries::Next Tries::after(const Failure& failure, Time now, std::mt19937_64& random) {
  if (failure.outcome == Outcome::kUnknown) outcome_ = Outcome::kUnknown;
  switch (failure.verdict) {
    case Verdict::kFail:
      return {Then::kGiveUp, now, last_word(failure, failure.code, now)};
    case Verdict::kTooLarge:
      return {Then::kSplit, now, last_word(failure, failure.code, now)};
    case Verdict::kSuspect:
      if (suspected_ || repeat_ == Repeat::kHarmful) return {Then::kSplit, now, last_word(failure, failure.code, now)};
      suspected_ = true;
      break;
    case Verdict::kRetry:
      if (repeat_ == Repeat::kHarmful && outcome_ == Outcome::kUnknown) {
        return {Then::kGiveUp, now, last_word(failure, ErrorCode::kTimedOut, now)};
      }
      break;
  }
  auto ceiling = options_.first_backoff * (std::int64_t{1} << std::min(retries_, kMaxDoublings));
  ceiling = std::min<std::chrono::milliseconds>(ceiling, options_.longest_backoff);
  ++retries_;
  auto wait = std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, ceiling.count())(random));
  // A connection that went stale is no sign of load: at once, over a new one.
  if (failure.reason == "stale") wait = {};
  if (now + wait >= first_ + options_.deadline) {
    const auto code = outcome_ == Outcome::kUnknown ? ErrorCode::kTimedOut : ErrorCode::kUnavailable;
    return {Then::kGiveUp, now, last_word(failure, code, now)};
  }
  return {Then::kAgain, now + wait, {}};
}

}  // namespace guidepost::hbase
