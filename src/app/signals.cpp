#include "app/signals.hpp"

#include <pthread.h>
#include <unistd.h>
#include <csignal>

#include "base/log.hpp"

namespace guidepost::app {
namespace {

constexpr int kEndThread = SIGUSR1;

sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, kEndThread}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals(std::function<void()> stop, std::function<void()> reload)
    : stop_(std::move(stop)), reload_(std::move(reload)) {
  std::signal(SIGHUP, SIG_IGN);  // for the time before and after; while it is blocked it is waited for all the same
  const auto set = waited_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] {
    const auto signals = waited_for();
    for (bool asked = false;;) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0) continue;
      if (signal == kEndThread) return;
      if (signal == SIGHUP) {
        if (reload_) reload_();
        continue;
      }
      if (asked) {
        log::warn("stopped_at_once", {{"signal", signal}});
        _exit(1);
      }
      asked = true;
      stop_();
    }
  });
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), kEndThread);
  thread_.join();
  const auto set = waited_for();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace guidepost::app
