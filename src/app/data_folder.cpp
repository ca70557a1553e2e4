#include "app/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

namespace guidepost::app {
namespace {

std::string lock_path(const std::string& folder) { return folder + "/LOCK"; }

Result<void> make_folder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorCode::kFailed, "the folder " + folder + " cannot be made: " + error.message());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  return {};
}

}  // namespace

Result<DataLock> DataLock::take(const std::string& folder, const std::string& command) {
  if (auto made = make_folder(folder); !made) return tl::unexpected(made.error());
  const int fd = open(lock_path(folder).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::kRefused, lock_path(folder) + " cannot be opened: " + std::strerror(errno));
  DataLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(ErrorCode::kUnavailable, folder + " is in use");
    return fail(ErrorCode::kFailed, lock_path(folder) + " cannot be locked: " + std::strerror(errno));
  }
  const auto text = std::to_string(getpid()) + " " + command + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail(ErrorCode::kFailed, lock_path(folder) + " cannot be written: " + std::strerror(errno));
  }
  return lock;
}

DataLock::DataLock(DataLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
DataLock& DataLock::operator=(DataLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
DataLock::~DataLock() {
  if (fd_ >= 0) close(fd_);
}

std::optional<Holder> holder_of(const std::string& folder) {
  const int fd = open(lock_path(folder).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  char text[128];
  const auto n = pread(fd, text, sizeof text, 0);
  // Shared, so that two who ask at once do not take each other for the holder.
  const bool free = flock(fd, LOCK_SH | LOCK_NB) == 0;
  close(fd);
  if (free) return std::nullopt;
  Holder holder;
  if (n <= 0) return holder;
  const auto [end, error] = std::from_chars(text, text + n, holder.pid);
  if (error == std::errc{} && end < text + n)
    holder.command.assign(end + 1, static_cast<std::size_t>(text + n - end - 1));
  while (!holder.command.empty() && holder.command.back() == '\n') holder.command.pop_back();
  return holder;
}

Result<SocketAddress> SocketAddress::in(const std::string& folder) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  const auto direct = folder + "/control.sock";
  if (direct.size() <= kLongest) return SocketAddress(-1, direct);
  const int fd = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(ErrorCode::kNotFound, folder + " cannot be opened: " + std::strerror(errno));
  return SocketAddress(fd, "/proc/self/fd/" + std::to_string(fd) + "/control.sock");
}

SocketAddress::SocketAddress(SocketAddress&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
SocketAddress::~SocketAddress() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace guidepost::app
