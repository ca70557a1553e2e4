// Asks the world until it answers: a stage waits while the world is away, and never goes on past a failure.
#pragma once

#include <memory>
#include <string_view>

#include "base/log.hpp"
#include "guidepost/base/executor.hpp"
#include "worker/backoff.hpp"

namespace guidepost::worker {

/// Whether waiting may help. Besides retryable errors: what `init` has not made yet.
inline bool may_come(const Error& error) { return error.retryable() || error.code == ErrorCode::kNotFound; }

/// Calls `ask(Completion<T>)` until it succeeds or fails for good, with back-off, as long as `owner`
/// lives and is not closed; then `done` on the owner's executor. `what` is for the log.
/// Owner: has `executor()`, `closed()` and is held by a shared_ptr.
template <class T, class Owner, class Ask, class Done>
void ask_until_answered(std::shared_ptr<Owner> owner, std::string_view what, Ask ask, Done done, Backoff backoff = {}) {
  ask(Completion<T>(owner->executor(), [owner, what, ask, done, backoff](Result<T> result) mutable {
    if (owner->closed()) return;
    if (result || !may_come(result.error())) return done(std::move(result));
    const auto wait = backoff.next();
    // The first failures of a start are normal (nothing is there yet); those that last are news.
    if (backoff.failures() % 8 == 4) {
      log::warn("waiting",
                {{"for", what}, {"error", to_string(result.error().code)}, {"message", result.error().message}});
    }
    owner->executor().post_after(wait, [owner, what, ask, done, backoff]() mutable {
      if (!owner->closed()) ask_until_answered<T>(owner, what, std::move(ask), std::move(done), backoff);
    });
  }));
}

}  // namespace guidepost::worker
