#include "app/reachable.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/config.hpp"

namespace guidepost::app {
namespace {

/// 0, or the error.
int connect_within(const addrinfo& to, std::chrono::milliseconds patience) {
  const int fd = socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol);
  if (fd < 0) return errno;
  int error = connect(fd, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd ready{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (poll(&ready, 1, static_cast<int>(patience.count())) <= 0) {
      error = ETIMEDOUT;
    } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
      error = errno;
    }
  }
  close(fd);
  return error;
}

}  // namespace

Result<void> reachable(const std::string& host_port, std::chrono::milliseconds patience) {
  const auto where = parse_host_port(host_port);
  if (!where) return tl::unexpected(where.error());
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int failed = getaddrinfo(where->host.c_str(), std::to_string(where->port).c_str(), &hints, &list);
      failed != 0) {
    return fail(ErrorCode::kInvalidArgument, gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, freeaddrinfo);
  int error = ECONNREFUSED;
  for (const auto* to = list; to != nullptr && error != 0; to = to->ai_next) error = connect_within(*to, patience);
  if (error != 0) return fail(ErrorCode::kUnavailable, std::strerror(error));
  return {};
}

}  // namespace guidepost::app
