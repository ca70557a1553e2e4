#include "guidepost/base/executor.hpp"

#include <pthread.h>
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <queue>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/watched_loop.hpp"

namespace guidepost {

/// Queue and thread. Completions hold it beyond the executor's life.
struct ThreadExecutor::Impl final : Executor {
  struct Timed {
    Clock::time_point due;
    std::uint64_t order;
    Task task;
  };
  struct Later {
    bool operator()(const Timed& a, const Timed& b) const { return a.due != b.due ? a.due > b.due : a.order > b.order; }
  };

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> ready;
  std::vector<Timed> timed;  // a heap by Later
  std::uint64_t next_order = 0;
  bool stopping = false;
  std::optional<WatchedLoop> watched;
  std::thread thread;

  void post(Task task) override {
    {
      std::lock_guard lock(mutex);
      if (stopping) return;
      ready.push_back(std::move(task));
    }
    wake.notify_one();
  }

  void post_after(std::chrono::milliseconds delay, Task task) override {
    {
      std::lock_guard lock(mutex);
      if (stopping) return;
      timed.push_back({Clock::now() + delay, next_order++, std::move(task)});
      std::push_heap(timed.begin(), timed.end(), Later{});
    }
    wake.notify_one();
  }

  Clock::time_point now() const override { return Clock::now(); }
  TimeMs wall() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }

  void run() {
    std::deque<Task> batch;
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto now = Clock::now();
      while (!timed.empty() && timed.front().due <= now) {
        std::pop_heap(timed.begin(), timed.end(), Later{});
        ready.push_back(std::move(timed.back().task));
        timed.pop_back();
      }
      if (ready.empty()) {
        if (timed.empty()) {
          wake.wait(lock);
        } else {
          const auto due = timed.front().due;
          wake.wait_until(lock, due);
        }
        continue;
      }
      batch.swap(ready);
      lock.unlock();
      for (auto& task : batch) {
        task();
        task = Task{};
        std::lock_guard check(mutex);
        if (stopping) break;
      }
      batch.clear();
      lock.lock();
    }
  }
};

ThreadExecutor::ThreadExecutor(std::string thread_name) : impl_(std::make_shared<Impl>()) {
  impl_->thread = std::thread([this] { impl_->run(); });
  impl_->watched.emplace(thread_name, [impl = impl_.get()](Task task) { impl->post(std::move(task)); });
  pthread_setname_np(impl_->thread.native_handle(), thread_name.substr(0, 15).c_str());
}

ThreadExecutor::~ThreadExecutor() { stop(); }

void ThreadExecutor::post(Task task) { impl_->post(std::move(task)); }
void ThreadExecutor::post_after(std::chrono::milliseconds delay, Task task) {
  impl_->post_after(delay, std::move(task));
}
Executor::Clock::time_point ThreadExecutor::now() const { return Clock::now(); }
TimeMs ThreadExecutor::wall() const { return impl_->wall(); }
std::shared_ptr<Executor> ThreadExecutor::shared() { return impl_; }

void ThreadExecutor::stop() {
  impl_->watched->end();
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  if (impl_->thread.joinable() && impl_->thread.get_id() != std::this_thread::get_id()) impl_->thread.join();
  // Tasks own things whose destructors may post again: drop them without holding the lock.
  std::deque<Task> ready;
  std::vector<Impl::Timed> timed;
  {
    std::lock_guard lock(impl_->mutex);
    ready.swap(impl_->ready);
    timed.swap(impl_->timed);
  }
}

namespace {

class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
  void post_after(std::chrono::milliseconds, Task) override {
    throw std::logic_error("the inline executor has no timer");
  }
  Clock::time_point now() const override { return Clock::now(); }
  TimeMs wall() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace

Executor& inline_executor() {
  static InlineExecutor executor;
  return executor;
}

}  // namespace guidepost
