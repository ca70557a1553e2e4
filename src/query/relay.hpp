// Batches between two threads.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace guidepost::query {

/// One thread fills batches while another one works through those that are full, in their order. There are a few of them, used
/// again and again: who is ahead waits for the other one.
/// Thread: one that fills, one that takes. Blocks: empty() and next(), on the other thread.
template <class Batch>
class Relay {
 public:
  /// For who fills: the next batch, as it was left when it was last taken. Null: no more are wanted.
  Batch* empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || filled_ - emptied_ < batches_.size(); });
    return stopped_ ? nullptr : &batches_[filled_ % batches_.size()];
  }
  /// What empty() gave is full.
  void fill() {
    change([&] { ++filled_; });
  }
  void end() {
    change([&] { ended_ = true; });
  }

  /// For who takes: the next full batch, until the next call. Null: the other thread has ended.
  Batch* next() {
    std::unique_lock lock(mutex_);
    if (taken_ > emptied_) ++emptied_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return filled_ > taken_ || ended_; });
    return filled_ > taken_ ? &batches_[taken_++ % batches_.size()] : nullptr;
  }
  void stop() {
    change([&] { stopped_ = true; });
  }

 private:
  template <class Change>
  void change(Change change) {
    std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Batch, 3> batches_;
  std::size_t filled_ = 0, taken_ = 0, emptied_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace guidepost::query
