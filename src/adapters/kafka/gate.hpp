// What late callbacks go through to something that may be gone.
#pragma once

#include <mutex>

namespace guidepost::kafka {

/// Lets callers in while its object is there; the object closes it before it ends. Whoever is inside
/// may end the object himself, so the lock is recursive.
/// Thread: any. Blocks: as long as another thread is inside.
template <class T>
class Gate {
 public:
  explicit Gate(T& object) : object_(&object) {}

  template <class F>
  void with(F&& then) {
    std::lock_guard lock(mutex_);
    if (object_ != nullptr) then(*object_);
  }
  void close() {
    std::lock_guard lock(mutex_);
    object_ = nullptr;
  }

 private:
  std::recursive_mutex mutex_;
  T* object_;
};

}  // namespace guidepost::kafka
