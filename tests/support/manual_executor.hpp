// An executor that a test drives by hand: nothing runs until it is told to, time moves when told to.
#pragma once

#include <algorithm>
#include <deque>
#include <map>

#include "guidepost/base/executor.hpp"

namespace guidepost::test {

/// Thread: one.
class ManualExecutor final : public Executor {
 public:
  void post(Task task) override { ready_.push_back(std::move(task)); }
  void post_after(std::chrono::milliseconds delay, Task task) override {
    timed_.emplace(now_ + delay, std::move(task));
  }
  Clock::time_point now() const override { return now_; }
  TimeMs wall() const override {
    return TimeMs{std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch())};
  }

  /// Runs one ready task; false where there is none.
  bool run_one() {
    if (ready_.empty()) return false;
    Task task = std::move(ready_.front());
    ready_.pop_front();
    task();
    return true;
  }
  /// Runs what is ready, and what that makes ready, until nothing is.
  void run() {
    while (run_one()) {
    }
  }
  /// Moves time forward step by step, running what becomes due on the way.
  void advance(std::chrono::milliseconds by) {
    const auto until = now_ + by;
    run();
    while (!timed_.empty() && timed_.begin()->first <= until) {
      now_ = std::max(now_, timed_.begin()->first);
      Task task = std::move(timed_.begin()->second);
      timed_.erase(timed_.begin());
      task();
      run();
    }
    now_ = until;
  }
  bool idle() const { return ready_.empty(); }

 private:
  Clock::time_point now_{std::chrono::hours{1}};
  std::deque<Task> ready_;
  std::multimap<Clock::time_point, Task> timed_;
};

}  // namespace guidepost::test
