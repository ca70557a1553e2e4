#include "adapters/http/server.hpp"

#include <fmt/format.h>
#include <boost/asio.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "adapters/http/response.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/watched_loop.hpp"

namespace guidepost::http {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Failure = boost::system::error_code;
class Connection;

using enum metrics::ShownBy;
const metrics::CounterFamily kAnswers{{"guidepost_http_answers_total", "answers", "Answers given", kAll},
                                      {{"class", "of the status: `2xx`, `4xx`, `5xx`"}}};
const metrics::CounterFamily kConnectionsRefused{
    {"guidepost_http_connections_refused_total", "connections", "Connections over a limit, closed at once", kAll}};
const metrics::GaugeFamily kConnections{
    {"guidepost_http_connections", "connections", "Connections open now, at most http.connections", kAll}};

/// Shown from the start: what appears with its first count is no increase to who looks for one.
struct Meters {
  metrics::Counter good = kAnswers.with({"2xx"}), callers_fault = kAnswers.with({"4xx"}),
                   our_fault = kAnswers.with({"5xx"}), refused = kConnectionsRefused.with();
  metrics::Gauge connections = kConnections.with();
  void answered(int status) { (status < 400 ? good : status < 500 ? callers_fault : our_fault).add(); }
};

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(ServerOptions o, std::vector<Route> r)
      : options(std::move(o)), routes(std::move(r)), acceptor(asio::make_strand(io)) {}

  ServerOptions options;
  std::vector<Route> routes;
  Meters meters;
  std::string address;
  asio::io_context io;
  // While handlers have all the requests, nothing else keeps the threads from ending.
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  Tcp::acceptor acceptor;  // on a strand of its own: it is closed while it accepts
  std::vector<std::thread> threads;
  WatchedLoop watched{"http", [this](Task task) { asio::post(io, std::move(task)); }};

  std::mutex mutex;
  std::condition_variable all_gone;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
  std::map<std::string, std::size_t> per_address;
  std::uint64_t body_bytes = 0;
  bool stopping = false;

  Result<void> listen();
  void accept();
  void admit(Tcp::socket socket);
  void gone(Connection* connection, const std::string& peer);
  bool reserve(std::uint64_t bytes);
  void release(std::uint64_t bytes);
  bool is_stopping() {
    std::lock_guard lock(mutex);
    return stopping;
  }
  void stop(std::chrono::milliseconds at_most);
};

namespace {

constexpr std::size_t kBodyStep = std::size_t{128} * 1024;

/// One connection: reads a request, has it handled, writes the answer, and again.
/// Thread: its strand. Asio's calls in flight own it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Server::Impl> server, Tcp::socket socket, std::string peer)
      : server_(std::move(server)),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        peer_(std::move(peer)) {}
  ~Connection() {
    server_->release(reserved_);
    server_->gone(this, peer_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->read_head(); });
  }

  /// The server ends: a connection that waits for a request closes, one that has one closes after its answer.
  void wind_down() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->last_ = true;
      if (self->waiting_ && self->buffer_.empty()) self->close();
    });
  }
  void close_now() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
  }

 private:
  const ServerOptions& options() const { return server_->options; }

  void close() {
    Failure ignored;
    no_deadline();
    (void)socket_.close(ignored);
  }

  /// Cuts whatever is going on when the time is over.
  void deadline(std::chrono::milliseconds in) {
    timer_.expires_after(in);
    timer_.async_wait([self = shared_from_this(), number = ++deadlines_](Failure f) {
      if (!f && number == self->deadlines_) self->close();
    });
  }
  void no_deadline() {
    ++deadlines_;  // one that has just passed is in the queue already
    timer_.cancel();
  }

  template <class Then>
  void read_some(Then then) {
    socket_.async_read_some(asio::buffer(piece_), [self = shared_from_this(), then](Failure f, std::size_t n) {
      if (f) return self->close();
      self->buffer_.append(self->piece_.data(), n);
      then(self.get());
    });
  }

  void read_head() {
    waiting_ = true;
    if (last_ || server_->is_stopping()) return close();
    deadline(buffer_.empty() && served_ > 0 ? options().idle_timeout : options().header_timeout);
    more_head();
  }

  void more_head() {
    const auto end = buffer_.find("\r\n\r\n");
    const auto head_size = end == std::string::npos ? buffer_.size() : end + 4;
    if (head_size > options().limits.head_bytes) {
      return refuse({431, fmt::format("the head is over {} bytes", options().limits.head_bytes)});
    }
    if (end != std::string::npos) return take_head(head_size);
    const bool first_bytes = buffer_.empty() && served_ > 0;
    read_some([first_bytes](Connection* self) {
      if (first_bytes) self->deadline(self->options().header_timeout);
      self->more_head();
    });
  }

  void take_head(std::size_t size) {
    waiting_ = false;
    auto parsed = parse_head(std::string_view(buffer_).substr(0, size), options().limits);
    if (auto* refusal = std::get_if<Refusal>(&parsed)) return refuse(std::move(*refusal));
    buffer_.erase(0, size);
    request_ = {std::get<Head>(std::move(parsed)), {}, peer_};
    const auto& head = request_.head;
    route_ = find_route();
    if (route_ == nullptr) return;
    deadline(options().body_timeout);
    const bool has_body = head.chunked || head.content_length > 0;
    if (head.expects_continue && has_body && buffer_.empty()) return invite_body();
    read_body();
  }

  /// Takes room for bytes of a body that are here or about to be: who only announces them takes none. False: answered.
  bool hold(std::uint64_t bytes) {
    if (server_->reserve(bytes)) {
      reserved_ += bytes;
      return true;
    }
    auto busy = problem(503, "overloaded", "too many requests wait; try again");
    busy.headers.emplace_back("Retry-After", "1");
    answer(std::move(busy), Ending::kClose);
    return false;
  }

  /// Null: answered already.
  const Route* find_route() {
    const auto& head = request_.head;
    const auto method = head.method == Method::kHead ? Method::kGet : head.method;
    std::string allowed;
    for (const auto& route : server_->routes) {
      if (route.path != head.path) continue;
      if (route.method == method) return &route;
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method == Method::kPost ? "POST" : "GET, HEAD");
    }
    const bool has_body = head.chunked || head.content_length > 0;
    auto wrong = allowed.empty() ? problem(404, "not_found", "there is nothing at this path")
                                 : problem(405, "method_not_allowed", "this path takes " + allowed);
    if (!allowed.empty()) wrong.headers.emplace_back("Allow", allowed);
    answer(std::move(wrong), has_body ? Ending::kClose : Ending::kKeepAlive);
    return nullptr;
  }

  void invite_body() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(kContinue), [self = shared_from_this()](Failure f, std::size_t) {
      if (f) return self->close();
      self->read_body();
    });
  }

  void read_body() {
    if (request_.head.chunked) {
      chunks_ = ChunkedBody(options().limits.body.value);
      return more_chunks();
    }
    const auto size = static_cast<std::size_t>(request_.head.content_length);
    request_.body = buffer_.substr(0, size);
    buffer_.erase(0, request_.body.size());
    if (hold(request_.body.size())) more_body(size);
  }

  /// The rest goes where it belongs at once: pieces of it would be copied twice.
  void more_body(std::size_t size) {
    const auto has = request_.body.size();
    if (has == size) return handle();
    const auto step = std::min(size - has, kBodyStep);
    if (!hold(step)) return;
    request_.body.resize(has + step);
    asio::async_read(socket_, asio::buffer(request_.body.data() + has, step),
                     [self = shared_from_this(), size](Failure f, std::size_t) {
                       if (f) return self->close();
                       self->more_body(size);
                     });
  }

  void more_chunks() {
    if (!hold(buffer_.size())) return;
    std::string_view left = buffer_;
    const auto state = chunks_.feed(left);
    buffer_.erase(0, buffer_.size() - left.size());
    if (state == ChunkedBody::State::kRefused) return refuse(chunks_.refusal());
    if (state == ChunkedBody::State::kMore) return read_some([](Connection* self) { self->more_chunks(); });
    request_.body = chunks_.take();
    handle();
  }

  /// Answers once, also where the handler forgets to.
  struct Pending {
    explicit Pending(std::shared_ptr<Connection> c) : connection(std::move(c)) {}
    Pending(Pending&&) noexcept = default;
    Pending& operator=(Pending&&) = delete;
    ~Pending() {
      if (connection) give(problem(500, "no_answer", "the request was not answered"));
    }
    void give(Response response) {
      auto c = std::move(connection);
      asio::post(c->socket_.get_executor(), [c, response = std::move(response)]() mutable {
        c->answer(std::move(response), c->request_.head.keep_alive && !c->last_ ? Ending::kKeepAlive : Ending::kClose);
      });
    }
    std::shared_ptr<Connection> connection;
  };

  void handle() {
    no_deadline();
    Request request = request_;
    request.body = std::move(request_.body);
    route_->handle(std::move(request), Respond([pending = Pending(shared_from_this())](Response response) mutable {
                     pending.give(std::move(response));
                   }));
  }

  void refuse(Refusal refusal) {
    waiting_ = false;
    answer(problem(refusal.status, "request_refused", refusal.detail), Ending::kClose);
  }

  void answer(Response response, Ending ending) {
    server_->meters.answered(response.status);
    server_->release(std::exchange(reserved_, 0));
    ++served_;
    out_ = serialize(response, ending, request_.head.method == Method::kHead ? BodySent::kNo : BodySent::kYes);
    deadline(options().write_timeout);
    asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this(), ending](Failure f, std::size_t) {
      if (f) return self->close();
      if (ending == Ending::kKeepAlive) return self->read_head();
      self->linger();
    });
  }

  /// Closing with unread bytes resets the connection, and the answer with it: read on a little.
  void linger() {
    Failure ignored;
    (void)socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    deadline(std::chrono::seconds{1});
    drop_rest();
  }
  void drop_rest() {
    socket_.async_read_some(asio::buffer(piece_), [self = shared_from_this()](Failure f, std::size_t) {
      if (f) return self->close();
      self->drop_rest();
    });
  }

  std::shared_ptr<Server::Impl> server_;
  Tcp::socket socket_;
  asio::steady_timer timer_;
  std::string peer_;
  std::array<char, 16 * 1024> piece_{};
  std::string buffer_;  // read and not used yet
  std::string out_;
  Request request_;
  const Route* route_ = nullptr;
  ChunkedBody chunks_{0};
  std::uint64_t reserved_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t deadlines_ = 0;
  bool waiting_ = false;  // for a request
  bool last_ = false;  // no request after this one
};

}  // namespace

Result<void> Server::Impl::listen() {
  Failure failure;
  const auto resolved =
      Tcp::resolver(io).resolve(options.host, std::to_string(options.port), Tcp::resolver::passive, failure);
  if (failure || resolved.empty())
    return fail(ErrorCode::kInvalidArgument, "cannot listen at " + options.host + ": " + failure.message());
  const Tcp::endpoint endpoint = *resolved.begin();
  (void)acceptor.open(endpoint.protocol(), failure);
  if (!failure) (void)acceptor.set_option(Tcp::acceptor::reuse_address(true), failure);
  if (!failure) (void)acceptor.bind(endpoint, failure);
  if (!failure) (void)acceptor.listen(1024, failure);
  if (failure)
    return fail(ErrorCode::kRefused,
                fmt::format("cannot listen at {}:{}: {}", options.host, options.port, failure.message()));
  const auto bound = acceptor.local_endpoint();
  address = bound.address().is_v6() ? fmt::format("[{}]:{}", bound.address().to_string(), bound.port())
                                    : fmt::format("{}:{}", bound.address().to_string(), bound.port());
  return {};
}

void Server::Impl::accept() {
  acceptor.async_accept(asio::make_strand(io), [self = shared_from_this()](Failure failure, Tcp::socket socket) {
    if (failure == asio::error::operation_aborted || !self->acceptor.is_open()) return;
    if (!failure) self->admit(std::move(socket));
    if (failure == asio::error::no_descriptors) {
      // Accepting again at once would spin until a descriptor is free.
      auto pause = std::make_shared<asio::steady_timer>(self->acceptor.get_executor(), std::chrono::milliseconds{50});
      pause->async_wait([self, pause](Failure) { self->accept(); });
      return;
    }
    self->accept();
  });
}

void Server::Impl::admit(Tcp::socket socket) {
  Failure failure;
  const auto remote = socket.remote_endpoint(failure);
  if (failure) return;
  (void)socket.set_option(Tcp::no_delay(true), failure);
  const auto peer = remote.address().to_string();
  std::shared_ptr<Connection> connection;
  {
    std::lock_guard lock(mutex);
    if (stopping || connections.size() >= options.connections || per_address[peer] >= options.connections_per_address) {
      meters.refused.add();
      if (per_address[peer] == 0) per_address.erase(peer);
      return;
    }
    connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), peer);
    ++per_address[peer];
    connections.emplace(connection.get(), connection);
    meters.connections.add(1);
  }
  connection->start();
}

void Server::Impl::gone(Connection* connection, const std::string& peer) {
  std::lock_guard lock(mutex);
  meters.connections.add(-static_cast<double>(connections.erase(connection)));
  if (const auto it = per_address.find(peer); it != per_address.end() && --it->second == 0) per_address.erase(it);
  if (connections.empty()) all_gone.notify_all();
}

bool Server::Impl::reserve(std::uint64_t bytes) {
  std::lock_guard lock(mutex);
  if (bytes > 0 && body_bytes + bytes > options.in_flight.value) return false;
  body_bytes += bytes;
  return true;
}

void Server::Impl::release(std::uint64_t bytes) {
  std::lock_guard lock(mutex);
  body_bytes -= bytes;
}

void Server::Impl::stop(std::chrono::milliseconds at_most) {
  asio::post(acceptor.get_executor(), [self = shared_from_this()] {
    Failure ignored;
    (void)self->acceptor.close(ignored);
  });
  std::vector<std::shared_ptr<Connection>> open;
  const auto each = [&](auto what) {
    {
      std::lock_guard lock(mutex);
      stopping = true;
      for (const auto& [raw, weak] : connections) {
        if (auto c = weak.lock()) open.push_back(std::move(c));
      }
    }
    for (const auto& c : open) what(*c);
    open.clear();  // outside of the lock: the last owner tells gone()
  };
  each([](Connection& c) { c.wind_down(); });
  {
    std::unique_lock lock(mutex);
    all_gone.wait_for(lock, at_most, [this] { return connections.empty(); });
  }
  each([](Connection& c) { c.close_now(); });
  {
    std::unique_lock lock(mutex);
    all_gone.wait_for(lock, std::chrono::milliseconds{500}, [this] { return connections.empty(); });
  }
  watched.end();
  io.stop();
  for (auto& thread : threads) thread.join();
  threads.clear();
  // What is still queued owns connections, which own this.
  io.restart();
  io.poll();
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, std::vector<Route> routes) {
  auto impl = std::make_shared<Impl>(std::move(options), std::move(routes));
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  impl->accept();
  for (std::size_t i = 0; i < impl->options.threads; ++i) {
    impl->threads.emplace_back([io = &impl->io] { io->run(); });
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  if (!impl_->threads.empty()) impl_->stop(std::chrono::milliseconds{0});
}

const std::string& Server::address() const { return impl_->address; }
void Server::stop(std::chrono::milliseconds at_most) { impl_->stop(at_most); }

}  // namespace guidepost::http
