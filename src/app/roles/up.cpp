// `up`: everything in one process. Order of ending: no more requests, answers that are owed, ingest, aggregate, stores.
#include <atomic>

#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/options.hpp"
#include "app/roles/daemon.hpp"
#include "app/version_settings.hpp"
#include "base/log.hpp"

namespace guidepost::app {
namespace {

void greet(Call& call, const Config& config, const std::string& address) {
  if (call.json()) return call.out.print("{\"listening\":\"" + address + "\"}\n");
  call.out.print("guidepost is up: events to http://" + address + "/v1/events\n");
  if (config.storage.kind == StorageKind::kEmbedded) {
    call.out.print("data in " + config.storage.data + "; other commands with the same --data work meanwhile\n");
  }
}

/// What is counted stays as it was decided, whatever the settings are now: somebody who changed one may wait for it.
void tell_of_settings(Call& call) {
  if (call.node->config().storage.kind != StorageKind::kEmbedded) return;  // a cluster need not be there yet
  const auto version = call.node->names().version;
  const auto now = rules_of_now(*call.node);
  if (!now) return;  // the stages say what is wrong with their files
  const auto settings = settings_of(*call.node, version, *now, call.cancelled);
  if (!settings || *settings != Settings::kOthers) return;
  log::warn("decided_by_other_settings",
            {{"version", version},
             {"meaning",
              "what is counted stays so; `guidepost replay --sample 1%` says what the settings of now would change"}});
}

int run_up(Call& call) {
  Node& node = *call.node;
  const auto& config = node.config();
  const auto address = listen_address(call, config.http.listen);

  Ending ending(call);
  const Health health(node.log(), node.tables());
  const ProcessMetrics process("up", config, health);
  EventIntake intake(config, node.log());
  std::atomic<Workers*> workers = nullptr;
  auto routes =
      health_routes(health, process, [&] { return workers != nullptr && workers.load()->ready() && intake.ready(); });
  routes.push_back(events_route(intake));
  const auto server = http::Server::start(server_options_of(config, address), std::move(routes));
  if (!server) {
    call.out.complain(server.error().message);
    return 1;
  }
  node.when_failed([&](const Error& error) { ending.failed(error); });
  if (auto started = node.workers()) {
    workers = *started;
  } else {
    node.when_failed({});
    call.out.complain(started.error().message);
    return 1;
  }
  log::info("listening", {{"address", (*server)->address()}});
  tell_of_settings(call);
  greet(call, config, (*server)->address());
  ending.wait([&] { return status_line("events at " + (*server)->address(), health); });
  log::info("draining", {{"at_most", std::to_string(config.process.drain.count()) + "ms"}});
  (*server)->stop(std::min<Millis>(config.process.drain / 3, config.http.log_timeout));
  node.when_failed({});
  // The stages drain when the node closes, after the commands of others have ended.
  if (ending.failure()) call.out.complain(ending.failure()->message);
  return ending.failure() ? 1 : 0;
}

}  // namespace

Command up_command() {
  return {
      .name = "up",
      .group = Group::kRun,
      .summary = "everything in one process",
      .about =
          "Takes events at POST /v1/events, decides, applies, and answers the other commands, until SIGTERM or\n"
          "Ctrl-C. Without a configuration it keeps everything in ./guidepost-data and needs no servers.",
      .operands = {},
      .flags = {{"--listen", "HOST:PORT",
                 "where to take events, by default http.listen (127.0.0.1:8080); port 0: any free one",
                 Use::kOptional}},
      .examples =
          {{"on this machine, with the data in ./guidepost-data", "guidepost up"},
           {"elsewhere", "guidepost up --data /var/lib/guidepost --listen 127.0.0.1:9000"},
           {"send it an event",
            R"(curl -A Mozilla/5.0 -d '{"merchant":"shop","type":"page_view","guid":"g1","url":"/","time":'$(date +%s)'}' http://127.0.0.1:8080/v1/events)"}},
      .place = Place::kDaemon,
      .run = run_up};
}

}  // namespace guidepost::app
