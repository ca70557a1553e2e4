// What all daemons do alike: answer for their health, run until told to stop or a stage fails, and end in order.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/http/server.hpp"
#include "app/command.hpp"
#include "app/event_intake.hpp"
#include "app/health.hpp"
#include "app/process_metrics.hpp"
#include "app/service_manager.hpp"

namespace guidepost::app {

/// What the daemon listens for and where, and what it cannot reach: a line for people.
std::string status_line(const std::string& listening, const Health& health);

/// HOST:PORT to listen at: --listen, or what the configuration says. Errors: UsageError where --listen is no address.
std::string listen_address(const Call& call, const std::string& configured);

/// Errors: UsageError on embedded stores, which `guidepost up` has all to itself.
void require_cluster(const Config& config);

/// /ping, /health/live, /health/ready, /metrics. `health` and `process` outlive the server.
std::vector<http::Route> health_routes(const Health& health, const ProcessMetrics& process,
                                       std::function<bool()> ready);

/// POST /v1/events. `intake` outlives the server.
http::Route events_route(EventIntake& intake);

/// A wish to end: the signal's, or of a stage that failed. Thread: any.
class Ending {
 public:
  explicit Ending(const Call& call);
  /// A stage failed: the process ends with status 1.
  void failed(const Error& error);
  /// Tells the service manager that the daemon has started, while it waits that it lives, and in the end that it stops.
  /// `status` is asked now and then for a line that says how it goes. Blocks: until asked or failed.
  void wait(const std::function<std::string()>& status);
  std::optional<Error> failure() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any come_;
  std::stop_token asked_;
  ServiceManager& manager_;
  std::optional<Error> failure_;
};

}  // namespace guidepost::app
