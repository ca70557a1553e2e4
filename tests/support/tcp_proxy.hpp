// A TCP proxy that fails on demand, between a client and a server: tests/support/tcp_proxy.py, run by a test in C++.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace guidepost::test {

/// Thread: one. Blocks: until the proxy has answered. Errors: std::runtime_error.
class TcpProxy {
 public:
  /// To `host`:`port`, at port() of the loopback interface.
  TcpProxy(const std::string& host, std::uint16_t port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }
  /// An order in the words of tcp_proxy.py, and its answer.
  std::string order(const std::string& line);
  /// How often something happened, by its name in `stats`: a fault test proves that its fault did.
  std::int64_t count(const std::string& what);

 private:
  std::string answer();

  pid_t process_ = -1;
  std::FILE* orders_ = nullptr;
  std::FILE* answers_ = nullptr;
  std::uint16_t port_ = 0;
};

}  // namespace guidepost::test
