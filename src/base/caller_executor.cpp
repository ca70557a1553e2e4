#include "base/caller_executor.hpp"

namespace guidepost {

void CallerExecutor::post(Task task) {
  std::lock_guard lock(mutex_);
  ready_.push_back(std::move(task));
  wake_.notify_one();  // under the lock: the owner may destroy this as soon as it has the task
}

void CallerExecutor::post_after(std::chrono::milliseconds delay, Task task) {
  std::lock_guard lock(mutex_);
  timed_.emplace(Clock::now() + delay, std::move(task));
  wake_.notify_one();
}

TimeMs CallerExecutor::wall() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Task CallerExecutor::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!timed_.empty() && timed_.begin()->first <= Clock::now()) {
      Task task = std::move(timed_.begin()->second);
      timed_.erase(timed_.begin());
      return task;
    }
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      return task;
    }
    if (timed_.empty()) {
      wake_.wait(lock);
    } else {
      const auto due = timed_.begin()->first;
      wake_.wait_until(lock, due);
    }
  }
}

void CallerExecutor::run_until(const std::function<bool()>& reached) {
  while (!reached()) next()();
}

}  // namespace guidepost
