// Where a single owner's work runs: its queue, its timer, its clocks.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/base/task.hpp"

namespace guidepost {

/// Runs the tasks of one owner one after another. State machines live on one executor and know no
/// other thread and no other clock, so that a simulator can drive the same code.
/// Thread: post and post_after from any; tasks run on the executor's own. Blocks: never.
class Executor {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Executor() = default;
  /// Runs `task` after everything posted before it. After the executor has stopped: dropped.
  virtual void post(Task task) = 0;
  virtual void post_after(std::chrono::milliseconds delay, Task task) = 0;
  /// Monotonic time, for ages and deadlines.
  virtual Clock::time_point now() const = 0;
  /// Wall time, for the edges (what people and HTTP see), never for decisions of stages.
  virtual TimeMs wall() const = 0;
  /// What a completion holds: it may be answered when its executor is gone, and is dropped then. An
  /// executor that outlives everything gives itself.
  virtual std::shared_ptr<Executor> shared() { return {std::shared_ptr<Executor>(), this}; }
};

/// An executor with a thread of its own.
/// Thread: any. Blocks: the destructor and stop() wait for the running task, drop the queued ones.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::string thread_name);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void post(Task task) override;
  void post_after(std::chrono::milliseconds delay, Task task) override;
  Clock::time_point now() const override;
  TimeMs wall() const override;
  std::shared_ptr<Executor> shared() override;
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Runs each task at once on the thread that posts it: for commands that wait for one answer.
/// post_after is not for it (it throws std::logic_error).
Executor& inline_executor();

/// Where the answer of an asynchronous call goes: a function, and the executor that runs it.
/// Called exactly once; an adapter that closes answers what is open with kCancelled.
template <class T>
class Completion {
 public:
  Completion(Executor& where, UniqueFunction<void(Result<T>)> then) : where_(where.shared()), then_(std::move(then)) {}

  void operator()(Result<T> result) {
    where_->post([then = std::move(then_), result = std::move(result)]() mutable { then(std::move(result)); });
  }

 private:
  std::shared_ptr<Executor> where_;
  UniqueFunction<void(Result<T>)> then_;
};

/// Starts an asynchronous call and waits for its answer: `await<Page>([&](auto done) { store.scan(q, std::move(done)); })`.
/// Thread: any that owns no state machine. Blocks: yes, as long as the call takes.
template <class T, class Start>
Result<T> await(Start&& start) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  std::forward<Start>(start)(
      Completion<T>(inline_executor(), [promise](Result<T> r) { promise->set_value(std::move(r)); }));
  return answer.get();
}

}  // namespace guidepost
