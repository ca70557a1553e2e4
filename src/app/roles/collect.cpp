// `collect`: a cluster's way in over HTTP, onto the log alone. Order of ending: no more requests, answers that are owed.
#include <algorithm>

#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/options.hpp"
#include "app/roles/daemon.hpp"
#include "base/log.hpp"

namespace guidepost::app {
namespace {

int run_collect(Call& call) {
  Node& node = *call.node;
  const auto& config = node.config();
  const auto address = listen_address(call, config.http.listen);
  require_cluster(config);

  Ending ending(call);
  // Not the tables: events are taken while HBase is away, and wait in the log.
  const Health health(node.log());
  const ProcessMetrics process("collect", config, health);
  EventIntake intake(config, node.log());
  auto routes = health_routes(health, process, [&] { return intake.ready(); });
  routes.push_back(events_route(intake));
  const auto server = http::Server::start(server_options_of(config, address), std::move(routes));
  if (!server) {
    call.out.complain(server.error().message);
    return 1;
  }
  log::info("listening", {{"address", (*server)->address()}, {"for", "events, health and metrics"}});
  ending.wait([&] { return status_line("events at " + (*server)->address(), health); });
  const auto at_most = std::min<Millis>(config.process.drain, config.http.log_timeout);
  log::info("draining", {{"at_most", std::to_string(at_most.count()) + "ms"}});
  (*server)->stop(at_most);
  return 0;
}

}  // namespace

Command collect_command() {
  return {
      .name = "collect",
      .group = Group::kRun,
      .summary = "takes events over HTTP, writes them into the raw topic",
      .about =
          "A cluster's POST /v1/events, as many as you like behind a balancer. It needs Kafka alone: it may start before\n"
          "Kafka and `init`, is ready as soon as the raw topic is there, and goes on while HBase is away. After SIGTERM it\n"
          "takes no more requests and answers those that it has, within process.drain.",
      .operands = {},
      .flags = {{"--listen", "HOST:PORT",
                 "where to take events, by default http.listen (127.0.0.1:8080); port 0: any free one, which is logged",
                 Use::kOptional}},
      .examples =
          {{"for others than this machine", "guidepost collect --config config/cluster.toml --listen 0.0.0.0:8080"},
           {"send it an event",
            R"(curl -A Mozilla/5.0 -d '{"merchant":"shop","type":"page_view","guid":"g1","url":"/","time":'$(date +%s)'}' http://127.0.0.1:8080/v1/events)"}},
      .place = Place::kDaemon,
      .run = run_collect};
}

}  // namespace guidepost::app
