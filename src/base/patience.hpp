// Calls of batch jobs and commands that wait for their answer, and try again while a retry may help.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "guidepost/base/executor.hpp"

namespace guidepost {

/// How long to keep trying while the world is away. Pauses double from `first_pause` to 5 seconds.
struct Patience {
  std::chrono::milliseconds give_up_after{std::chrono::minutes{2}};
  std::chrono::milliseconds first_pause{50};
  static constexpr std::chrono::milliseconds kLongestPause{5000};
  static std::chrono::milliseconds longer(std::chrono::milliseconds pause) {
    return std::min(pause * 2, kLongestPause);
  }
};

/// Like await, with tries until the answer is none that a retry helps; `start` is called for each.
/// Thread: any that owns no state machine. Blocks: yes, up to give_up_after and the length of a call.
template <class T, class Start>
Result<T> await_patiently(const Patience& patience, Start start) {
  const auto until = Executor::Clock::now() + patience.give_up_after;
  for (auto pause = patience.first_pause;; pause = Patience::longer(pause)) {
    auto result = await<T>(start);
    if (result || !result.error().retryable() || Executor::Clock::now() + pause > until) return result;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace guidepost
