#include "adapters/http/client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace guidepost::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

Result<Endpoint> parse_endpoint(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument,
                "'" + std::string(url) + "' is no http://HOST[:PORT]: " + std::string(why));
  };
  if (url.starts_with("https://")) return refuse("TLS is ended by a proxy in front; send to the plain port behind it");
  if (!url.starts_with(kScheme)) return refuse("it does not begin with http://");
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  if (url.find('/') != std::string_view::npos) return refuse("a path is not expected, events go to /v1/events");
  Endpoint endpoint;
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos;
  endpoint.host = url.substr(0, has_port ? colon : url.size());
  if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']'))
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  if (has_port) endpoint.port = url.substr(colon + 1);
  if (endpoint.host.empty()) return refuse("the host is missing");
  const bool digits = !endpoint.port.empty() && endpoint.port.size() <= 5 &&
                      endpoint.port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) return refuse("the port is no number");
  return endpoint;
}

struct Client::Impl {
  Endpoint endpoint;
  asio::io_context context;
  std::unique_ptr<beast::tcp_stream> stream;
  beast::flat_buffer buffer;

  /// Runs what was started until it ends; a tcp_stream's own timer bounds it.
  void run() {
    context.restart();
    context.run();
  }

  beast::error_code connect() {
    beast::error_code error;
    asio::ip::tcp::resolver resolver(context);
    const auto addresses = resolver.resolve(endpoint.host, endpoint.port, error);
    if (error) return error;
    stream = std::make_unique<beast::tcp_stream>(context);
    stream->expires_after(std::chrono::seconds{5});
    stream->async_connect(addresses, [&](beast::error_code e, const asio::ip::tcp::endpoint&) { error = e; });
    run();
    if (!error) (void)stream->socket().set_option(asio::ip::tcp::no_delay(true), error);
    return error;
  }
};

Client::Client(Endpoint endpoint) : impl_(std::make_unique<Impl>()) { impl_->endpoint = std::move(endpoint); }
Client::~Client() = default;

Result<Client::Answer> Client::post(std::string_view path, std::string_view content_type, std::string body) {
  auto& c = *impl_;
  const auto failed = [&](beast::error_code error, std::string_view step) {
    c.stream.reset();
    c.buffer.clear();
    const auto code = error == beast::error::timeout ? ErrorCode::kTimedOut : ErrorCode::kUnavailable;
    return fail(code,
                std::string(step) + " http://" + c.endpoint.host + ":" + c.endpoint.port + ": " + error.message());
  };
  if (!c.stream) {
    if (const auto error = c.connect()) return failed(error, "cannot connect to");
  }
  beast::http::request<beast::http::string_body> request(beast::http::verb::post, std::string(path), 11);
  request.set(beast::http::field::host, c.endpoint.host + ":" + c.endpoint.port);
  request.set(beast::http::field::content_type, std::string(content_type));
  request.set(beast::http::field::user_agent, "guidepost");
  request.body() = std::move(body);
  request.prepare_payload();
  beast::error_code error;
  c.stream->expires_after(std::chrono::seconds{30});
  beast::http::async_write(*c.stream, request, [&](beast::error_code e, std::size_t) { error = e; });
  c.run();
  if (error) return failed(error, "cannot send to");
  beast::http::response_parser<beast::http::string_body> response;
  response.body_limit(std::uint64_t{16} * 1024 * 1024);
  beast::http::async_read(*c.stream, c.buffer, response, [&](beast::error_code e, std::size_t) { error = e; });
  c.run();
  if (error) return failed(error, "no answer from");
  Answer answer{static_cast<int>(response.get().result_int()), std::move(response.get().body())};
  if (!response.get().keep_alive()) c.stream.reset();
  return answer;
}

}  // namespace guidepost::http
