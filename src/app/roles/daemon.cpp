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
