#include "adapters/embedded/work_queues.hpp"

#include <algorithm>

namespace guidepost::embedded {

ReadPool::ReadPool(const std::string& thread_name, int threads) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    threads_.emplace_back([this] { work(); });
    pthread_setname_np(threads_.back().native_handle(), thread_name.substr(0, 15).c_str());
  }
}

ReadPool::~ReadPool() { close(); }

void ReadPool::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void ReadPool::run(Task job) {
  {
    std::unique_lock lock(mutex_);
    // The threads may be gone already, or about to go.
    if (closing_) {
      lock.unlock();
      return job();
    }
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void ReadPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Task job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = Task{};
    lock.lock();
  }
}

}  // namespace guidepost::embedded
