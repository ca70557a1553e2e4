// SIGTERM and SIGINT become a wish to stop; the second one ends the process at once. SIGHUP becomes a wish to reload.
#pragma once

#include <functional>
#include <thread>

namespace guidepost::app {

/// While it lives, the process's SIGINT and SIGTERM call `stop` once, on a thread of its own; a second one ends the
/// process with status 1 and without any cleaning up. SIGHUP calls `reload` on the same thread, or nothing: a process
/// outlives its terminal.
/// To be made before other threads, which inherit that these signals are not for them.
class Signals {
 public:
  explicit Signals(std::function<void()> stop, std::function<void()> reload = {});
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  std::function<void()> stop_;
  std::function<void()> reload_;
  std::thread thread_;
};

/// Writing to a reader that went away is an error of the write, not the death of the process.
void ignore_broken_pipes();

}  // namespace guidepost::app
