// The folder of the embedded stores: who has it, and how others reach them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "guidepost/base/result.hpp"

namespace guidepost::app {

/// Who has a data folder, as its LOCK file says.
struct Holder {
  std::int64_t pid = 0;
  std::string command;  ///< `up`, or the command that runs alone
};

/// DATA/LOCK, held by this process while this lives (flock: a dead process holds nothing).
class DataLock {
 public:
  /// Makes the folder (0700) where there is none. Errors: kUnavailable (someone else has it), kFailed, kRefused.
  static Result<DataLock> take(const std::string& folder, const std::string& command);
  DataLock(DataLock&& other) noexcept;
  DataLock& operator=(DataLock&& other) noexcept;
  ~DataLock();

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

/// Who has the folder now; nothing where nobody has.
std::optional<Holder> holder_of(const std::string& folder);

/// An address of the folder's socket that fits into the 108 bytes that Unix gives it, however deep the folder lies:
/// where its path is too long, it goes through an open descriptor of the folder.
class SocketAddress {
 public:
  /// Errors: kNotFound (no such folder).
  static Result<SocketAddress> in(const std::string& folder);
  SocketAddress(SocketAddress&& other) noexcept;
  SocketAddress& operator=(SocketAddress&&) = delete;
  ~SocketAddress();
  const std::string& path() const { return path_; }

 private:
  SocketAddress(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

}  // namespace guidepost::app
