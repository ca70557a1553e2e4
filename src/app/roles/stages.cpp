// `ingest` and `aggregate`: one stage of a cluster each. Order of ending: the stage, then the listener of its health.
#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/options.hpp"
#include "app/roles/daemon.hpp"
#include "base/log.hpp"

namespace guidepost::app {
namespace {

int run_stage(Call& call, const std::string& name, Stages stages) {
  Node& node = *call.node;
  const auto& config = node.config();
  const auto address = listen_address(call, config.metrics.listen);
  require_cluster(config);

  Ending ending(call);
  const Health health(node.log(), node.tables());
  const ProcessMetrics process(name, config, health);
  auto workers =
      Workers::start(config, stages, node.log(), node.tables(), [&](const Error& error) { ending.failed(error); });
  if (!workers) {
    call.out.complain(workers.error().message);
    return 1;
  }
  auto server = http::Server::start(server_options_of(config, address),
                                    health_routes(health, process, [&] { return (*workers)->ready(); }));
  if (!server) {
    call.out.complain(server.error().message);
    return 1;
  }
  log::info("listening", {{"address", (*server)->address()}, {"for", "health and metrics"}});
  ending.wait([&] { return status_line("health and metrics at " + (*server)->address(), health); });
  log::info("draining", {{"at_most", std::to_string(config.process.drain.count()) + "ms"}});
  if (!(*workers)->stop(config.process.drain)) {
    log::warn("not_drained", {{"meaning", "nothing is lost: a restart reads again what was not committed"}});
  }
  (*server)->stop(std::chrono::milliseconds{200});
  if (ending.failure()) call.out.complain(ending.failure()->message);
  return ending.failure() ? 1 : 0;
}

Command stage_command(const std::string& name, std::string summary, const std::string& topic, Stages stages) {
  return {
      .name = name,
      .group = Group::kRun,
      .summary = std::move(summary),
      .about =
          "A member of the consumer group of the " + topic +
          " topic: start as many as there is work for, up to the topic's\n"
          "partitions. It may start before Kafka, HBase and `init`, and works as soon as they are there. After SIGTERM\n"
          "it drains within process.drain; what was not done by then is done after the next start.",
      .operands = {},
      .flags = {{"--listen", "HOST:PORT",
                 "where to show /metrics and /health, by default metrics.listen; port 0: any free one, which is logged",
                 Use::kOptional}},
      .examples = {{"one of several", "guidepost " + name + " --config config/cluster.toml"},
                   {"in a slot of its own, so that a restart keeps its partitions",
                    "guidepost " + name + " --config config/cluster.toml --set kafka.member=" + name + "-1"}},
      .place = Place::kDaemon,
      .run = [name, stages](Call& call) { return run_stage(call, name, stages); }};
}

}  // namespace

Command ingest_command() {
  return stage_command("ingest", "decides: reads raw events, writes blocks", "raw", Stages::kIngest);
}

Command aggregate_command() {
  return stage_command("aggregate", "applies: reads blocks, writes rollups and rows", "resolved", Stages::kAggregate);
}

}  // namespace guidepost::app
