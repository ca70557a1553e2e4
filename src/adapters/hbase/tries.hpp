// What comes after a failed try.
#pragma once

#include <chrono>
#include <random>

#include "adapters/hbase/failure.hpp"
#include "guidepost/base/executor.hpp"

namespace guidepost::hbase {

struct RetryOptions {
  std::chrono::milliseconds first_backoff{50};
  std::chrono::milliseconds longest_backoff{10000};
  /// How long a request is tried before its caller is told; the caller may then go on asking.
  std::chrono::milliseconds deadline{60000};
};

/// Whether a request may be sent again when nobody knows what became of it.
enum class Repeat : std::uint8_t { kHarmless, kHarmful };

/// The tries of one request. Backs off with full jitter, doubling, until the deadline.
/// Thread: one at a time.
class Tries {
 public:
  using Time = Executor::Clock::time_point;

  Tries(const RetryOptions& options, Repeat repeat) : options_(options), repeat_(repeat) {}

  /// The clock of the deadline starts with the first try: a request that waits for its turn behind
  /// others is not late as long as those get on.
  void begin(Time now);
  bool begun() const { return count_ > 0; }
  /// For a half of a batch that was refused as a whole: it need not be refused twice again.
  void suspect() { suspected_ = true; }
  bool suspected() const { return suspected_; }

  enum class Then : std::uint8_t { kAgain, kSplit, kGiveUp };
  struct Next {
    Then then;
    Time at;      ///< of kAgain
    Error error;  ///< of kGiveUp, and of kSplit for what cannot be split
  };
  Next after(const Failure& failure, Time now, std::mt19937_64& random);

 private:
  Error last_word(const Failure& failure, ErrorCode code, Time now) const;

  RetryOptions options_;
  Repeat repeat_;
  int count_ = 0;
  int retries_ = 0;
  bool suspected_ = false;
  Outcome outcome_ = Outcome::kNotApplied;  ///< of all tries so far
  Time first_;
};

}  // namespace guidepost::hbase
