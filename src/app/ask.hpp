// Asking the ports from a command: calls are asynchronous, a command waits for them, but not for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "guidepost/base/executor.hpp"

namespace guidepost::app {

/// How long a command waits for one answer. Adapters try again inside for about as long.
inline constexpr std::chrono::milliseconds kPatience{60'000};

/// Sleeps, but not past a wish to stop; whether there is none.
inline bool pause(std::chrono::milliseconds how_long, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, how_long, [] { return false; });
  return !stop.stop_requested();
}

/// As await(), but gives up after `patience` (kTimedOut) or when the command is cancelled (kCancelled); an answer that
/// comes later is dropped. Blocks: yes.
template <class T, class Start>
Result<T> ask(Start&& start, const std::stop_token& cancelled = {}, std::chrono::milliseconds patience = kPatience) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable_any come;
    std::optional<Result<T>> result;
  };
  auto answer = std::make_shared<Answer>();
  std::forward<Start>(start)(Completion<T>(inline_executor(), [answer](Result<T> result) {
    {
      std::lock_guard lock(answer->mutex);
      answer->result = std::move(result);
    }
    answer->come.notify_all();
  }));
  std::unique_lock lock(answer->mutex);
  if (!answer->come.wait_for(lock, cancelled, patience, [&] { return answer->result.has_value(); })) {
    if (cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    return fail(ErrorCode::kTimedOut, "no answer within " + std::to_string(patience.count() / 1000) + " s");
  }
  return std::move(*answer->result);
}

}  // namespace guidepost::app
