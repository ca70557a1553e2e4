#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/log.hpp"

namespace guidepost::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value <= 0) return std::nullopt;
  return value;
}

std::string monotonic_usec() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

ServiceManager ServiceManager::of_environment() {
  auto usec = number(variable("WATCHDOG_USEC"));
  // It may be meant for the process that started this one.
  const auto pid = variable("WATCHDOG_PID");
  if (!pid.empty() && number(pid) != getpid()) usec.reset();
  return ServiceManager(variable("NOTIFY_SOCKET"),
                        usec ? std::optional(std::chrono::microseconds(*usec)) : std::nullopt);
}

ServiceManager::ServiceManager(std::string socket, std::optional<std::chrono::microseconds> watchdog)
    : address_(std::move(socket)), watchdog_(watchdog) {
  if (address_.empty()) return;
  if ((address_[0] != '/' && address_[0] != '@') || address_.size() >= sizeof(sockaddr_un::sun_path)) {
    log::warn("notify_socket_unknown", {{"socket", address_}});
    return;
  }
  if (address_[0] == '@') address_[0] = '\0';
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

ServiceManager::~ServiceManager() {
  if (fd_ >= 0) ::close(fd_);
}

void ServiceManager::send(const std::string& message) const {
  if (fd_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(to.sun_path), address_.data(), address_.size());
  // An abstract name ends where its length says, a path with a null.
  const auto length = offsetof(sockaddr_un, sun_path) + address_.size() + (address_[0] == '\0' ? 0 : 1);
  (void)::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
                 static_cast<socklen_t>(length));
}

void ServiceManager::ready() {
  std::lock_guard lock(mutex_);
  stage_ = Stage::kReady;
  send("READY=1");
}

void ServiceManager::alive() {
  if (watchdog_) send("WATCHDOG=1");
}

void ServiceManager::status(const std::string& line) {
  std::lock_guard lock(mutex_);
  if (stage_ == Stage::kStopping || line == status_) return;
  status_ = line;
  send("STATUS=" + line);
}

void ServiceManager::reload(const std::function<void()>& work) {
  std::lock_guard lock(mutex_);
  if (stage_ == Stage::kReady) send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
  work();
  if (stage_ == Stage::kReady) send("READY=1");
}

void ServiceManager::stopping() {
  std::lock_guard lock(mutex_);
  stage_ = Stage::kStopping;
  send("STOPPING=1\nSTATUS=draining");
}

}  // namespace guidepost::app
