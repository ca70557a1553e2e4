// A completion that cannot be forgotten.
#pragma once

#include <optional>
#include <utility>

#include "guidepost/base/executor.hpp"

namespace guidepost::kafka {

/// Owns a caller's completion; one that is dropped unanswered, because whatever held it was closed,
/// answers kCancelled. So "called exactly once" holds on every way out.
template <class T>
class Answer {
 public:
  explicit Answer(Completion<T> done) : done_(std::move(done)) {}
  Answer(Answer&& other) noexcept : done_(std::exchange(other.done_, std::nullopt)) {}
  Answer& operator=(Answer&& other) noexcept {
    if (this != &other) {
      cancel();
      done_ = std::exchange(other.done_, std::nullopt);
    }
    return *this;
  }
  ~Answer() { cancel(); }

  void operator()(Result<T> result) {
    if (auto done = std::exchange(done_, std::nullopt)) (*done)(std::move(result));
  }

 private:
  void cancel() {
    if (done_) (*this)(fail(ErrorCode::kCancelled, "closed before there was an answer"));
  }

  std::optional<Completion<T>> done_;
};

}  // namespace guidepost::kafka
