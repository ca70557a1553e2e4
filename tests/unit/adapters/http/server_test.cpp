#include "adapters/http/server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <latch>
#include <thread>

namespace guidepost::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

/// A socket of a client that may say anything.
class Client {
 public:
  explicit Client(const std::string& address) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void say(std::string_view text) {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Everything until the other side closes.
  std::string hear_all() {
    std::string all;
    char piece[4096];
    for (ssize_t n = 0; (n = recv(fd_, piece, sizeof piece, 0)) > 0;) all.append(piece, static_cast<std::size_t>(n));
    return all;
  }
  /// One answer: head and body.
  std::string hear() {
    std::string all;
    char c = 0;
    while (!all.ends_with("\r\n\r\n") && recv(fd_, &c, 1, 0) == 1) all += c;
    if (all.starts_with("HTTP/1.1 100")) return all;
    const auto at = all.find("Content-Length: ");
    const auto size = at == std::string::npos ? 0 : std::stoul(all.substr(at + 16));
    for (std::size_t i = 0; i < size && recv(fd_, &c, 1, 0) == 1; ++i) all += c;
    return all;
  }

 private:
  int fd_;
};

std::vector<Route> echo_routes() {
  return {{Method::kPost, "/echo",
           [](Request r, Respond respond) {
             respond({.status = 200, .content_type = "text/plain", .body = r.peer + "|" + r.body, .headers = {}});
           }},
          {Method::kGet, "/ping",
           [](const Request&, Respond respond) {
             respond({.status = 200, .content_type = "text/plain", .body = "pong\n", .headers = {}});
           }},
          {Method::kGet, "/silent", [](const Request&, const Respond&) {}}};
}

std::unique_ptr<Server> started(ServerOptions options = {}, std::vector<Route> routes = echo_routes()) {
  auto server = Server::start(std::move(options), std::move(routes));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

TEST(HttpServer, AnswersSeveralRequestsOfOneConnectionInOrder) {
  auto server = started();
  Client client(server->address());
  client.say(
      "GET /ping HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.hear(), EndsWith("pong\n"));
  EXPECT_THAT(client.hear(), EndsWith("127.0.0.1|hi"));
  const auto last = client.hear_all();
  EXPECT_THAT(last, HasSubstr("Connection: close"));
  EXPECT_THAT(last, EndsWith("pong\n"));
}

TEST(HttpServer, ReadsChunkedBodiesAndInvitesThoseThatAsk) {
  auto server = started();
  Client client(server->address());
  client.say("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.hear(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_THAT(client.hear(), EndsWith("127.0.0.1|abc"));
}

TEST(HttpServer, ASmuggledRequestIsNeverSeen) {
  auto server = started();
  for (const auto* framing :
       {"Content-Length: 6\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding : chunked", "Content-Length: 6\r\nContent-Length: 5", "X: 1\nContent-Length: 6"}) {
    Client client(server->address());
    client.say(std::string("POST /echo HTTP/1.1\r\nHost: a\r\n") + framing +
               "\r\n\r\n0\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto heard = client.hear_all();
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 400")) << framing;
    EXPECT_THAT(heard, ::testing::Not(HasSubstr("pong"))) << framing;
    EXPECT_THAT(heard, HasSubstr("application/problem+json")) << framing;
  }
}

TEST(HttpServer, PathsAndMethodsThatAreNotThereAreProblems) {
  auto server = started();
  Client client(server->address());
  client.say("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.hear(), HasSubstr("\"type\":\"urn:guidepost:not_found\""));
  client.say("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.hear(), HasSubstr("Allow: POST"));
  client.say("HEAD /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.hear_all(), EndsWith("\r\n\r\n")) << "HEAD has no body";
}

TEST(HttpServer, AHandlerThatForgetsToAnswerIsAnInternalError) {
  auto server = started();
  Client client(server->address());
  client.say("GET /silent HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 500"));
}

TEST(HttpServer, ASlowHeadAndASlowBodyAreCutOff) {
  auto server = started({.header_timeout = 50ms, .body_timeout = 50ms});
  Client slow_head(server->address());
  slow_head.say("GET /ping HT");
  EXPECT_EQ(slow_head.hear_all(), "");
  Client slow_body(server->address());
  slow_body.say("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_EQ(slow_body.hear_all(), "");
}

TEST(HttpServer, AnIdleConnectionIsClosed) {
  auto server = started({.idle_timeout = 50ms});
  Client client(server->address());
  client.say("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.hear_all(), EndsWith("pong\n"));
}

TEST(HttpServer, AHeadWithoutEndIsRefusedAtTheLimit) {
  auto server = started();
  Client client(server->address());
  client.say("GET /ping HTTP/1.1\r\nX: " + std::string(9000, 'a'));
  EXPECT_THAT(client.hear_all(), StartsWith("HTTP/1.1 431"));
}

TEST(HttpServer, OneAddressGetsItsShareOfConnections) {
  auto server = started({.connections_per_address = 1});
  Client first(server->address());
  first.say("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(first.hear(), EndsWith("pong\n"));
  Client second(server->address());
  EXPECT_EQ(second.hear_all(), "");
}

TEST(HttpServer, MoreBodiesThanMemoryAllowsAreToldToComeBack) {
  auto server = started({.in_flight = 10_B});
  Client client(server->address());
  client.say("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  const auto heard = client.hear_all();
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(heard, HasSubstr("Retry-After: 1"));
}

TEST(HttpServer, StoppingWaitsForTheAnswersThatAreOwed) {
  std::latch asked(1);
  Respond owed;
  auto server = started({}, {{Method::kGet, "/later", [&](const Request&, Respond respond) {
                                owed = std::move(respond);
                                asked.count_down();
                              }}});
  Client idle(server->address());
  Client client(server->address());
  client.say("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.wait();
  std::thread stopping([&] { server->stop(10s); });
  EXPECT_EQ(idle.hear_all(), "") << "who waits for nothing is closed at once";
  // The listener is closed by now, and no connection is being read: the answer must come all the same.
  owed({.status = 200, .content_type = "text/plain", .body = "done", .headers = {}});
  EXPECT_THAT(client.hear_all(), EndsWith("done"));
  stopping.join();
}

TEST(HttpServer, AnAddressThatIsTakenIsSaidSo) {
  auto server = started();
  const auto port = static_cast<std::uint16_t>(std::stoi(server->address().substr(server->address().rfind(':') + 1)));
  const auto second = Server::start({.port = port}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(port)));
}

}  // namespace
}  // namespace guidepost::http
