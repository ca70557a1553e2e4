#include <charconv>

#include "adapters/hbase/connection.hpp"

namespace guidepost::hbase {

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto refuse = [&] {
    return fail(ErrorCode::kInvalidArgument,
                "'" + std::string(text) + "' is no address of a gateway: host:port is expected");
  };
  if (colon == std::string_view::npos || colon == 0) return refuse();
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return refuse();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse();
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return refuse();
  return Endpoint{std::string(host), port};
}

Result<std::vector<Endpoint>> parse_endpoints(std::string_view text) {
  std::vector<Endpoint> endpoints;
  for (;;) {
    const auto comma = text.find(',');
    auto one = parse_endpoint(text.substr(0, comma));
    if (!one) return tl::unexpected(std::move(one.error()));
    endpoints.push_back(std::move(*one));
    if (comma == std::string_view::npos) return endpoints;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace guidepost::hbase
