// The threads of the embedded stores: one that writes, a few that read. Callers never wait for them.
#pragma once

#include <pthread.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "guidepost/base/task.hpp"

namespace guidepost::embedded {

/// Hands everything that waits to one thread together, so that it can be written together.
/// Thread: any. Blocks: only close() and the destructor.
template <class Op>
class WriteQueue {
 public:
  /// `apply` runs on the queue's thread and answers every operation.
  WriteQueue(const std::string& thread_name, UniqueFunction<void(std::deque<Op>)> apply) : apply_(std::move(apply)) {
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), thread_name.substr(0, 15).c_str());
  }
  ~WriteQueue() {
    close([](Op&) {});
  }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  void push(Op op) {
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(op));
    }
    wake_.notify_all();
  }
  /// Waits for what runs, then hands what has not begun to `refuse`, one by one: also what comes in meanwhile, for an
  /// answer may lead its asker to the next question.
  template <class Refuse>
  void close(Refuse refuse) {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    while (true) {
      std::unique_lock lock(mutex_);
      if (waiting_.empty()) return;
      auto left = std::exchange(waiting_, {});
      lock.unlock();
      for (auto& op : left) refuse(op);
    }
  }
  /// For `apply`: waits before it tries again; false when the queue closes meanwhile.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return closing_; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (closing_) return;
      auto batch = std::exchange(waiting_, {});
      lock.unlock();
      apply_(std::move(batch));
      lock.lock();
    }
  }

  UniqueFunction<void(std::deque<Op>)> apply_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Op> waiting_;
  bool closing_ = false;
  std::thread thread_;
};

/// A few threads that run jobs in the order in which they come.
/// Thread: any. Blocks: only close() and the destructor, until all jobs that were given have run.
class ReadPool {
 public:
  ReadPool(const std::string& thread_name, int threads);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  /// From close() on: runs the job at once.
  void run(Task job);
  void close();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> jobs_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace guidepost::embedded
