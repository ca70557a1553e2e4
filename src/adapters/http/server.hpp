// A small HTTP/1.1 server: a listener, a strict gate, limits and deadlines, routes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/http/request.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/base/task.hpp"

namespace guidepost::http {

struct Request {
  Head head;
  std::string body;
  std::string peer;  ///< the other side's address, without its port
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides the usual ones
};

/// An error as RFC 7807 has it: `type` is `urn:guidepost:<word>`, the word one of the registry of reasons or the server's own.
Response problem(int status, std::string_view word, std::string_view detail);

/// To be called once, from any thread. Dropping it without a call answers 500.
using Respond = UniqueFunction<void(Response)>;

struct Route {
  Method method = Method::kGet;  ///< a GET route answers HEAD too
  std::string path;  ///< all of it
  /// Thread: one of the server's. Blocks: never (other connections wait).
  std::function<void(Request, Respond)> handle;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  HeadLimits limits{};
  std::size_t threads = 1;
  std::size_t connections = 1000;
  std::size_t connections_per_address = 100;
  Bytes in_flight = 64_MiB;  ///< bodies being read or handled; beyond: 503
  std::chrono::milliseconds header_timeout{5000};
  std::chrono::milliseconds body_timeout{10'000};
  std::chrono::milliseconds idle_timeout{30'000};
  std::chrono::milliseconds write_timeout{15'000};
};

/// Answers until it is destroyed. A next request is read only after the answer to the one before.
/// Thread: any. Blocks: the destructor as stop() with no time.
class Server {
 public:
  struct Impl;

  /// Errors: kRefused (the address is taken or not allowed), kInvalidArgument (no such address).
  static Result<std::unique_ptr<Server>> start(ServerOptions options, std::vector<Route> routes);
  ~Server();

  /// Where it listens, `HOST:PORT`, with the real port.
  const std::string& address() const;
  /// Takes no more connections and requests; those being handled get their answers, at most for so long.
  void stop(std::chrono::milliseconds at_most);

 private:
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace guidepost::http
