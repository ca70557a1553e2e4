#include "app/roles/daemon.hpp"

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/watched_loop.hpp"

namespace guidepost::app {
namespace {

constexpr std::chrono::microseconds kStatusPace = std::chrono::seconds{5};

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

std::vector<http::Route> health_routes(const Health& health, const ProcessMetrics& process,
                                       std::function<bool()> ready) {
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
       [&process](const Request&, Respond respond) {
         process.refresh();
         respond(text_answer("text/plain; version=0.0.4; charset=utf-8", metrics::expose()));
       }},
  };
}

std::string status_line(const std::string& listening, const Health& health) {
  std::string line = listening;
  for (const auto& reach : health.reach()) {
    if (!reach.reached) line += "; " + reach.name + ": " + reach.problem;
  }
  return line;
}

http::Route events_route(EventIntake& intake) {
  return {http::Method::kPost, "/v1/events", [&intake](http::Request request, http::Respond respond) {
            intake.take(std::move(request), std::move(respond));
          }};
}

Ending::Ending(const Call& call) : asked_(call.cancelled), manager_(*call.manager) {}

void Ending::failed(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = error;
  }
  come_.notify_all();
}

void Ending::wait(const std::function<std::string()>& status) {
  manager_.ready();
  // A manager wants to hear of the daemon twice in the time of its watchdog; looking as often again tells a loop that
  // hangs from one that was busy at one look.
  const auto pace = manager_.watchdog() ? *manager_.watchdog() / 4 : kStatusPace;
  for (bool told = false; true;) {
    manager_.status(status());
    const auto hanging = hanging_loops();
    ProcessMetrics::show_hanging_loops(hanging.size());
    if (hanging.empty()) {
      manager_.alive();
    } else if (!told) {
      log::error("loop_hangs", {{"loop", hanging.front()}, {"of", hanging.size()}});
    }
    told = !hanging.empty();
    std::unique_lock lock(mutex_);
    const auto over = [this] { return failure_.has_value(); };
    if (come_.wait_for(lock, asked_, pace, over) || asked_.stop_requested()) break;
  }
  manager_.stopping();
}

std::optional<Error> Ending::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace guidepost::app
