// Whether what this process depends on can be reached: asked now and then, so that a probe gets its answer at once.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

/// What was last heard of one dependency.
struct Reach {
  std::string name;  ///< `event_log`, `table_store`
  bool reached = false;
  std::string problem;  ///< why not; empty where it was reached
};

/// Asks the stores that the process needs every few seconds while it lives. An answer that is overdue counts as none.
/// Thread: any. Blocks: the destructor, shortly.
class Health {
 public:
  Health(EventLog& log, TableStore& tables, std::chrono::milliseconds every = std::chrono::seconds{3});
  /// Of a process that does without tables.
  explicit Health(EventLog& log, std::chrono::milliseconds every = std::chrono::seconds{3});
  ~Health();
  std::vector<Reach> reach() const;
  bool all_reached() const;

 private:
  struct Target {
    std::string name;
    UniqueFunction<void(Completion<void>)> ping;
    std::optional<Executor::Clock::time_point> asked;  ///< and not answered yet
    std::optional<Error> problem;
    bool answered = false;
  };
  void watch(std::string name, UniqueFunction<void(Completion<void>)> ping);
  void ask(Target& target);

  std::chrono::milliseconds every_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Target>> targets_;
  ThreadExecutor executor_;  // last: stops before the rest goes
};

}  // namespace guidepost::app
