// A small HTTP/1.1 client for sending events to a collector: one connection, kept alive.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "guidepost/base/result.hpp"

namespace guidepost::http {

/// Where to send: `http://HOST[:PORT][/]`.
struct Endpoint {
  std::string host;
  std::string port = "80";
};
/// Errors: kInvalidArgument, with what is wrong (https included: a proxy in front ends TLS).
Result<Endpoint> parse_endpoint(std::string_view url);

/// Thread: one. Blocks: yes. Errors: kUnavailable, kTimedOut; the connection is made anew at the next call.
class Client {
 public:
  struct Answer {
    int status = 0;
    std::string body;
  };
  explicit Client(Endpoint endpoint);
  ~Client();
  /// Answers of any status are answers. At most 30 s.
  Result<Answer> post(std::string_view path, std::string_view content_type, std::string body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::http
