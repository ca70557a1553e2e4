#include "adapters/hbase/workers.hpp"

#include <pthread.h>

#include <random>

namespace guidepost::hbase {

Workers::Workers(const Options& options, PoolOptions pool, WireOptions wire, Meters& meters)
    : connector_(std::move(wire)),
      pool_(std::move(pool), connector_, &Executor::Clock::now, std::random_device{}()),
      queue_(options.retry, pool_, meters, &Executor::Clock::now, std::random_device{}(), [this] { wake(); }) {
  for (std::size_t i = 0; i < options.threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), (options.name + "-" + std::to_string(i)).substr(0, 15).c_str());
  }
}

Workers::~Workers() {
  queue_.close();
  pool_.interrupt();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::wake() {
  {
    std::lock_guard lock(mutex_);
    ++changes_;
  }
  changed_.notify_one();
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto seen = changes_;
    lock.unlock();
    while (queue_.run_one()) {
    }
    const auto outlook = queue_.outlook();
    lock.lock();
    // What came between the look and the lock has counted as a change.
    if (outlook.ready) continue;
    const auto changed = [&] { return stopping_ || changes_ != seen; };
    if (outlook.next) {
      changed_.wait_until(lock, *outlook.next, changed);
    } else {
      changed_.wait(lock, changed);
    }
  }
}

}  // namespace guidepost::hbase
