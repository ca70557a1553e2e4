// What a test does to the calls of a fake port: lets them fail, holds them back, counts them.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "guidepost/base/executor.hpp"

namespace guidepost::test {

/// Where in a call something happens: before it has an effect, or between effect and answer (a lost reply,
/// a stalled answer).
enum class When { kBeforeApplying, kAfterApplying };

/// `Call` is the fake's enumeration of its calls.
/// Thread: any.
template <class Call>
class Faults {
 public:
  /// The next `times` calls of a kind fail. Several orders for a kind are carried out one after another.
  void fail_next(Call call, int times, ErrorCode code, When when = When::kBeforeApplying) {
    std::lock_guard lock(mutex_);
    auto& failures = plans_[call].failures;
    for (int i = 0; i < times; ++i) failures.push_back({code, when});
  }
  /// Lets a kind pass `skip` times first: fail_after(kPut, 2, ...) fails the third.
  void fail_after(Call call, int skip, ErrorCode code, When when = When::kBeforeApplying) {
    std::lock_guard lock(mutex_);
    auto& failures = plans_[call].failures;
    for (int i = 0; i < skip; ++i) failures.push_back({std::nullopt, when});
    failures.push_back({code, when});
  }
  /// All further calls of a kind fail, until heal().
  void fail_always(Call call, ErrorCode code, When when = When::kBeforeApplying) {
    std::lock_guard lock(mutex_);
    plans_[call].always = Failure{code, when};
  }
  void heal(Call call) {
    std::lock_guard lock(mutex_);
    plans_[call].failures.clear();
    plans_[call].always.reset();
  }
  /// Holds back further calls of a kind: their effect and answer, or the answer only.
  void hold(Call call, When when = When::kBeforeApplying) {
    std::lock_guard lock(mutex_);
    plans_[call].hold = when;
  }
  /// Carries out what is held, in order, and holds no more of that kind.
  void release(Call call) {
    {
      std::lock_guard lock(mutex_);
      plans_[call].hold.reset();
    }
    while (release_one(call)) {
    }
  }
  /// Carries out the oldest held call, holds the others and further ones; false where none is held.
  bool release_one(Call call) { return take(call, 0, false); }
  /// Carries out the held call number `i`.
  bool release_at(Call call, std::size_t i) { return take(call, i, false); }
  /// Answers the held call number `i` with kTimedOut; it has no effect any more that it has not had.
  bool lose_at(Call call, std::size_t i) { return take(call, i, true); }
  std::size_t held(Call call) const {
    std::lock_guard lock(mutex_);
    const auto plan = plans_.find(call);
    return plan == plans_.end() ? 0 : plan->second.held.size();
  }
  /// Calls of a kind so far, whatever became of them.
  int seen(Call call) const {
    std::lock_guard lock(mutex_);
    const auto plan = plans_.find(call);
    return plan == plans_.end() ? 0 : plan->second.seen;
  }

  /// For as long as this is there, calls go through as if nothing had been ordered.
  class Suspended {
   public:
    explicit Suspended(Faults& faults) : faults_(faults), before_(faults.suspended_.exchange(true)) {}
    ~Suspended() { faults_.suspended_ = before_; }
    Suspended(const Suspended&) = delete;
    Suspended& operator=(const Suspended&) = delete;

   private:
    Faults& faults_;
    bool before_;
  };

  /// For the fake: carries out one call, `apply() -> Result<T>`, as the test has ordered.
  template <class T, class Apply>
  void run(Call call, Completion<T> done, Apply apply) {
    const auto [failure, hold] = next(call);
    auto answer = [failure](Apply& a) -> Result<T> {
      if (failure && failure->when == When::kBeforeApplying) return injected(*failure);
      Result<T> result = a();
      if (failure) return injected(*failure);
      return result;
    };
    if (!hold) {
      done(answer(apply));
    } else if (*hold == When::kAfterApplying) {
      keep<T>(call, std::move(done), [result = answer(apply)](Completion<T> d) mutable { d(std::move(result)); });
    } else {
      keep<T>(call, std::move(done), [apply = std::move(apply), answer](Completion<T> d) mutable { d(answer(apply)); });
    }
  }
  /// The same for a call that answers by itself later: `start(done)`. It fails before it begins.
  template <class T, class Start>
  void run_later(Call call, Completion<T> done, Start start) {
    const auto [failure, hold] = next(call);
    auto step = [failure, start = std::move(start)](Completion<T> d) mutable {
      if (failure) return d(injected(*failure));
      start(std::move(d));
    };
    if (hold) {
      keep<T>(call, std::move(done), std::move(step));
    } else {
      step(std::move(done));
    }
  }

 private:
  struct Failure {
    std::optional<ErrorCode> code;
    When when;
  };
  struct Plan {
    std::deque<Failure> failures;
    std::optional<Failure> always;
    std::optional<When> hold;
    std::deque<UniqueFunction<void(bool lost)>> held;
    int seen = 0;
  };

  static tl::unexpected<Error> injected(const Failure& failure) { return fail(*failure.code, "injected by the test"); }
  std::pair<std::optional<Failure>, std::optional<When>> next(Call call) {
    std::lock_guard lock(mutex_);
    auto& plan = plans_[call];
    ++plan.seen;
    if (suspended_) return {};
    std::optional<Failure> failure = plan.always;
    if (!plan.failures.empty()) {
      failure = plan.failures.front();
      plan.failures.pop_front();
    }
    if (failure && !failure->code) failure.reset();
    return {failure, plan.hold};
  }
  template <class T, class Step>
  void keep(Call call, Completion<T> done, Step step) {
    std::lock_guard lock(mutex_);
    plans_[call].held.push_back([done = std::move(done), step = std::move(step)](bool lost) mutable {
      if (lost) return done(fail(ErrorCode::kTimedOut, "lost by the test"));
      step(std::move(done));
    });
  }
  bool take(Call call, std::size_t i, bool lost) {
    UniqueFunction<void(bool)> step;
    {
      std::lock_guard lock(mutex_);
      auto& held = plans_[call].held;
      if (i >= held.size()) return false;
      step = std::move(held[i]);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
    }
    step(lost);
    return true;
  }

  mutable std::mutex mutex_;
  std::map<Call, Plan> plans_;
  std::atomic<bool> suspended_ = false;
};

}  // namespace guidepost::test
