#include "app/checked_files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace guidepost::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{1024} * 1024;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    std::string text;
    for (const unsigned char byte : digest) {
      text += "0123456789abcdef"[byte >> 4U];
      text += "0123456789abcdef"[byte & 15U];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

class File {
 public:
  File(const fs::path& path, int flags) : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

  tl::unexpected<Error> failed(const char* what) const {
    const int why = errno;
    const auto code = why == ENOENT                    ? ErrorCode::kNotFound
                      : why == ENOSPC || why == EDQUOT ? ErrorCode::kUnavailable
                                                       : ErrorCode::kFailed;
    return fail(code, path_.string() + " cannot be " + what + ": " + std::strerror(why));
  }

 private:
  const fs::path& path_;
  int fd_;
};

/// Gives the file to `take` piece by piece.
Result<void> read_all(const fs::path& path, const Meter& meter,
                      const std::function<Result<void>(std::string_view piece)>& take) {
  const File file(path, O_RDONLY);
  if (file.fd() < 0) return file.failed("read");
  std::vector<char> piece(kPiece);
  while (true) {
    const auto n = read(file.fd(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file.failed("read");
    if (n == 0) return {};
    if (auto taken = take({piece.data(), static_cast<std::size_t>(n)}); !taken) return taken;
    if (!meter(static_cast<std::uint64_t>(n))) return fail(ErrorCode::kCancelled, "cancelled");
  }
}

Result<void> write_all(const File& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = write(file.fd(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file.failed("written");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

/// Fills a new file by `fill`, and has it on the disk.
Result<std::string> make_synced(const fs::path& path,
                                const std::function<Result<void>(const File& file, Sha256& sum)>& fill) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (file.fd() < 0) return file.failed("made");
  Sha256 sum;
  if (auto filled = fill(file, sum); !filled) return tl::unexpected(filled.error());
  if (fsync(file.fd()) != 0) return file.failed("written");
  return sum.hex();
}

}  // namespace

Result<std::string> sha256_of(const fs::path& file, const Meter& meter) {
  Sha256 sum;
  const auto read = read_all(file, meter, [&](std::string_view piece) -> Result<void> {
    sum.add(piece);
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return sum.hex();
}

Result<std::string> copy_synced(const fs::path& from, const fs::path& to, const Meter& meter) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (error) return fail(ErrorCode::kFailed, to.parent_path().string() + " cannot be made: " + error.message());
  return make_synced(to, [&](const File& file, Sha256& sum) {
    return read_all(from, meter, [&](std::string_view piece) {
      sum.add(piece);
      return write_all(file, piece);
    });
  });
}

Result<std::string> write_synced(const fs::path& path, std::string_view content) {
  return make_synced(path, [&](const File& file, Sha256& sum) {
    sum.add(content);
    return write_all(file, content);
  });
}

Result<void> sync_folder(const fs::path& folder) {
  const File opened(folder, O_RDONLY | O_DIRECTORY);
  if (opened.fd() < 0 || fsync(opened.fd()) != 0) return opened.failed("synced");
  return {};
}

Result<void> sync_folders(const fs::path& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_directory()) continue;
    if (auto synced = sync_folder(at->path()); !synced) return synced;
  }
  if (error) return fail(ErrorCode::kFailed, folder.string() + " cannot be read: " + error.message());
  return sync_folder(folder);
}

}  // namespace guidepost::app
