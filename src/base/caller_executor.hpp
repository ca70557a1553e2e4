// An executor without a thread: its tasks run on the thread that waits.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "guidepost/base/executor.hpp"

namespace guidepost {

/// For batch jobs, which have one thread and several asynchronous calls in flight: completions are
/// posted here from anywhere and run inside run_until().
/// Thread: post and post_after from any, the rest from its owner. Must outlive what posts to it.
class CallerExecutor final : public Executor {
 public:
  void post(Task task) override;
  void post_after(std::chrono::milliseconds delay, Task task) override;
  Clock::time_point now() const override { return Clock::now(); }
  TimeMs wall() const override;

  /// Runs tasks until `reached` holds; asked before the first task and after each.
  /// Blocks: as long as that takes.
  void run_until(const std::function<bool()>& reached);

 private:
  Task next();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> ready_;
  std::multimap<Clock::time_point, Task> timed_;
};

}  // namespace guidepost
