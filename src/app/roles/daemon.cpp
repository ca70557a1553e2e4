#include "app/roles/daemon.hpp"

#include <nlohmann/json.hpp>

#include "base/metrics.hpp"

namespace guidepost::app {
namespace {

http::Response json_answer(int status, const nlohmann::json& body) {
  return {.status = status, .content_type = "application/json", .body = body.dump() + "\n", .headers = {}};
}

http::Response text_answer(std::string type, std::string body) {
  return {.status = 200, .content_type = std::move(type), .body = std::move(body), .headers = {}};
}

http::Response readiness(const Health& health, bool ready) {
  nlohmann::json checks = nlohmann::json::object();
  for (const auto& reach : health.reach()) {
    checks[reach.name] = reach.reached ? nlohmann::json{{"status", "ok"}}
                                       : nlohmann::json{{"status", "failed"}, {"problem", reach.problem}};
    ready &= reach.reached;
  }
  return json_answer(ready ? 200 : 503, {{"status", ready ? "ready" : "not_ready"}, {"checks", std::move(checks)}});
}

}  // namespace

std::string listen_address(const Call& call, const std::string& configured) {
  auto address = call.arguments.value_or("--listen", configured);
  if (const auto parsed = parse_host_port(address); !parsed) throw UsageError{"--listen: " + parsed.error().message};
  return address;
}

void require_cluster(const Config& config) {
  if (config.storage.kind != StorageKind::kEmbedded) return;
  throw UsageError{
      "one role alone is for a cluster (storage.kind = cluster): on embedded stores `guidepost up` has them all"};
}

std::vector<http::Route> health_routes(const Health& health, std::function<bool()> ready) {
  using http::Method;
  using http::Request;
  using http::Respond;
  return {
      {Method::kGet, "/ping", [](const Request&, Respond respond) { respond(text_answer("text/plain", "pong\n")); }},
      {Method::kGet, "/health/live",
       [](const Request&, Respond respond) { respond(json_answer(200, {{"status", "alive"}})); }},
      {Method::kGet, "/health/ready",
       [&health, ready = std::move(ready)](const Request&, Respond respond) { respond(readiness(health, ready())); }},
      {Method::kGet, "/metrics",
       [](const Request&, Respond respond) {
         respond(text_answer("text/plain; version=0.0.4; charset=utf-8", metrics::expose()));
       }},
  };
}

http::Route events_route(EventIntake& intake) {
  return {http::Method::kPost, "/v1/events", [&intake](http::Request request, http::Respond respond) {
            intake.take(std::move(request), std::move(respond));
          }};
}

Ending::Ending(std::stop_token asked) : asked_(std::move(asked)) {}

void Ending::failed(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = error;
  }
  come_.notify_all();
}

void Ending::wait() {
  std::unique_lock lock(mutex_);
  come_.wait(lock, asked_, [this] { return failure_.has_value(); });
}

std::optional<Error> Ending::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace guidepost::app
