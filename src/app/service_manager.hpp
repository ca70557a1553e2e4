// The service manager that started this process: told what the daemon does, by the datagrams of sd_notify(3).
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace guidepost::app {

/// Where none started it, or it does not listen, nothing is told, and that is no error.
/// Thread: any. Blocks: never, but for what reload() is given.
class ServiceManager {
 public:
  /// Of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. `socket`: a path, or `@` and an abstract name; empty: nobody.
  static ServiceManager of_environment();
  explicit ServiceManager(std::string socket, std::optional<std::chrono::microseconds> watchdog = std::nullopt);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  bool listens() const { return fd_ >= 0; }
  /// A manager that hears no alive() for so long ends the process.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  /// The daemon has started.
  void ready();
  /// Where there is a watchdog.
  void alive();
  /// One line for people, as of now; told when it is another one.
  void status(const std::string& line);
  /// Does `work`, and tells before and after it, where the daemon has started and does not stop yet.
  void reload(const std::function<void()>& work);
  /// From here on nothing else is told.
  void stopping();

 private:
  enum class Stage : std::uint8_t { kStarting, kReady, kStopping };
  void send(const std::string& message) const;

  int fd_ = -1;
  std::string address_;  ///< as sockaddr_un has it: an abstract name begins with a null
  std::optional<std::chrono::microseconds> watchdog_;
  std::mutex mutex_;
  Stage stage_ = Stage::kStarting;
  std::string status_;
};

}  // namespace guidepost::app
