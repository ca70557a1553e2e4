#include "base/watched_loop.hpp"

#include <mutex>

namespace guidepost {
namespace {

struct Watched {
  std::mutex mutex;
  std::vector<WatchedLoop*> loops;
};

Watched& watched() {
  static Watched all;
  return all;
}

}  // namespace

WatchedLoop::WatchedLoop(std::string name, std::function<void(Task)> post)
    : name_(std::move(name)), post_(std::move(post)) {
  std::lock_guard lock(watched().mutex);
  watched().loops.push_back(this);
}

WatchedLoop::~WatchedLoop() { end(); }

void WatchedLoop::end() {
  std::lock_guard lock(watched().mutex);
  std::erase(watched().loops, this);
}

std::vector<std::string> hanging_loops() {
  std::vector<std::string> hanging;
  std::lock_guard lock(watched().mutex);
  for (const auto* loop : watched().loops) {
    if (loop->owes_->exchange(true)) {
      hanging.push_back(loop->name_);
    } else {
      loop->post_([owes = loop->owes_] { *owes = false; });
    }
  }
  return hanging;
}

}  // namespace guidepost
