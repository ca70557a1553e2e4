// Whether the loops of this process still go round: for a watchdog, which ends a process that hangs.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "guidepost/base/task.hpp"

namespace guidepost {

/// A thread, or a few, that take one task after another and that others wait for. While it is watched, hanging_loops()
/// sees whether it comes to the tasks that it is given.
/// Thread: any. Blocks: never.
class WatchedLoop {
 public:
  /// `post` gives the loop a task. It may be called until end() has returned.
  WatchedLoop(std::string name, std::function<void(Task)> post);
  ~WatchedLoop();
  WatchedLoop(const WatchedLoop&) = delete;
  WatchedLoop& operator=(const WatchedLoop&) = delete;

  /// The loop stops: nobody waits for it any more. Not from within `post`.
  void end();

 private:
  friend std::vector<std::string> hanging_loops();
  std::string name_;
  std::function<void(Task)> post_;
  std::shared_ptr<std::atomic<bool>> owes_ = std::make_shared<std::atomic<bool>>(false);
};

/// The watched loops of this process that have not come to the task of the call before; all others are given one.
/// Thread: one at a time, at a pace at which a loop that lives has come to its task. Blocks: never.
std::vector<std::string> hanging_loops();

}  // namespace guidepost
