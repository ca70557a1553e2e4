// guidepost canary: events of our own through everything, asked for, and whether they came out as they went in.
#include "app/canary.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/ask.hpp"
#include "app/canary_metrics.hpp"
#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/options.hpp"
#include "app/roles/daemon.hpp"
#include "base/log.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostEvents = 200'000;

std::optional<Millis> duration_of(const Arguments& arguments, std::string_view flag) {
  const auto given = arguments.value(flag);
  if (!given) return std::nullopt;
  const auto duration = parse_duration(*given);
  if (!duration || *duration < 1s || *duration > 1h) {
    throw UsageError{fmt::format("{}: expected a duration from 1s to 1h, got '{}'", flag, text::escape(*given))};
  }
  return duration;
}

CanaryOptions options_of(const Call& call) {
  CanaryOptions options;
  if (const auto url = call.arguments.value("--url")) {
    auto endpoint = http::parse_endpoint(*url);
    if (!endpoint) throw UsageError{"--url: " + endpoint.error().message};
    options.collector = std::move(*endpoint);
  }
  options.events = static_cast<std::size_t>(call.arguments.number("--events", 1, 100).value_or(3));
  // A page may wait for so long until it is written, where little comes.
  options.timeout = duration_of(call.arguments, "--timeout").value_or(call.node->config().rollup.max_age + 60s);
  return options;
}

Json json_of(const CanaryReport& report) {
  const auto ms = [](const std::optional<Millis>& delay) { return delay ? Json(delay->count()) : Json(); };
  auto problems = Json::array();
  for (const auto& finding : report.findings)
    problems.push_back({{"outcome", to_string(finding.outcome)}, {"message", finding.message}});
  const auto& tally = report.tally;
  return {{"outcome", to_string(report.outcome())},
          {"run", report.run},
          {"time", text::rfc3339(report.time)},
          {"partitions", report.partitions},
          {"sent", tally.sent},
          {"with_row", tally.with_row},
          {"counted", tally.counted},
          {"doubled", tally.doubled},
          {"wrong_numbers", tally.wrong_numbers},
          {"taken_ms", ms(report.taken_after)},
          {"row_ms", ms(report.rows_after)},
          {"number_ms", ms(report.counted_after)},
          {"problems", std::move(problems)}};
}

/// `2026-03-01T10:15:00Z  well  3 sent  rows after 200 ms  counted after 4 s`.
std::string line_of(const CanaryReport& report, const text::Look& look) {
  const auto outcome = report.outcome();
  const std::string word(to_string(outcome));
  auto line =
      text::rfc3339(report.time) + "  " + (outcome == CanaryOutcome::kWell ? green(look, word) : red(look, word));
  line += fmt::format("  {} sent", report.tally.sent);
  if (report.rows_after) line += "  rows after " + text::duration(*report.rows_after);
  if (report.counted_after) line += "  counted after " + text::duration(*report.counted_after);
  for (const auto& finding : report.findings) line += "  " + finding.message;
  return line + "\n";
}

int run_once(Call& call, Canary& canary) {
  std::function<void(std::string_view)> tell;
  if (!call.json()) tell = [&](std::string_view line) { call.out.print(std::string(line) + "\n"); };
  const auto report = canary.run(call.cancelled, tell);
  if (!report) {
    call.out.complain(report.error().message);
    return 1;
  }
  if (call.json()) {
    call.out.print(json_of(*report).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    for (const auto& finding : report->findings) call.out.complain(finding.message);
  }
  return report->outcome() == CanaryOutcome::kWell ? 0 : 1;
}

/// Until it is stopped. One that another process called also ends with its reader; a daemon does without.
int watch(Call& call, Canary& canary, Millis every) {
  CanaryMetrics shown;
  const auto unread = [&] { return call.manager == nullptr && call.out.closed(); };
  while (!call.cancelled.stop_requested() && !unread()) {
    const auto next = std::chrono::steady_clock::now() + every;
    const auto report = canary.run(call.cancelled);
    if (!report) break;
    shown.record(*report);
    call.out.print(call.json() ? json_of(*report).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                               : line_of(*report, call.out.look()));
    pause(std::chrono::duration_cast<Millis>(next - std::chrono::steady_clock::now()), call.cancelled);
  }
  return 0;
}

/// A process of its own, with a listener for its metrics, as the roles of a cluster have it.
int run_daemon(Call& call, Canary& canary, Millis every) {
  Node& node = *call.node;
  const auto address = listen_address(call, node.config().metrics.listen);
  Ending ending(call);
  const Health health(node.log(), node.tables());
  const ProcessMetrics process("canary", node.config(), health);
  const auto server = http::Server::start(server_options_of(node.config(), address),
                                          health_routes(health, process, [] { return true; }));
  if (!server) {
    call.out.complain(server.error().message);
    return 1;
  }
  call.out.note("health and metrics at " + (*server)->address() + "\n");
  {
    const std::jthread watching([&] { watch(call, canary, every); });
    ending.wait([&] { return status_line("health and metrics at " + (*server)->address(), health); });
  }
  (*server)->stop(200ms);
  return 0;
}

int run_canary(Call& call) {
  Node& node = *call.node;
  const auto every = duration_of(call.arguments, "--every");
  const bool embedded = node.config().storage.kind == StorageKind::kEmbedded;
  if (call.arguments.has("--listen") && (!every || embedded))
    throw UsageError{"--listen goes with --every on a cluster; on embedded stores `up` shows the metrics"};
  // Alone it would keep `up` from the data folder.
  if (every && embedded && call.manager != nullptr)
    throw UsageError{"--every on embedded stores works beside a running `up`, and none has " +
                     node.config().storage.data};
  auto options = options_of(call);
  if (every) {
    // Each look reads all of the merchant's quarter of an hour.
    const auto runs = 15min / *every + 1;
    const auto events = static_cast<std::int64_t>(options.events) * node.config().topics.partitions * runs;
    if (events > kMostEvents)
      throw UsageError{
          fmt::format("--events and --every: up to {} events in a quarter of an hour, all of which each run "
                      "looks at; {} at most",
                      events, kMostEvents)};
  }
  Canary canary(node.config(), std::move(options), node.log(), node.tables(), [&]() -> Result<Names> {
    if (auto looked = node.look_at_version(call.cancelled); !looked) return tl::unexpected(looked.error());
    return node.names();
  });
  if (!every) return run_once(call, canary);
  return embedded ? watch(call, canary, *every) : run_daemon(call, canary, *every);
}

}  // namespace

Command canary_command() {
  return {
      .name = "canary",
      .group = Group::kLookAfter,
      .summary = "sends events of its own through everything, and says whether and when they are counted",
      .about =
          "Sends marked events of the merchant canary.merchant, to a collector or straight into the log, and looks for\n"
          "them: each must get one row, and the numbers must be those of their rows. What is lost or late is told with\n"
          "the place where it got stuck. Exit status 0 when all are counted in time, else 1. With --every again and\n"
          "again until Ctrl-C, a line at a time, with --json an object at a time, and with metrics: on a cluster as a\n"
          "daemon of its own, on embedded stores in the `up` that runs there. docs/operations.md tells what is compared.",
      .operands = {},
      .flags = {{"--url", "URL", "Sends them to a collector, http://HOST:PORT; without it they go into the log"},
                {"--events", "N", "How many events a run sends to each partition that it reaches (3)"},
                {"--timeout", "DURATION",
                 "How long they may take, from 1s to 1h, by default a minute more than rollup.max_age"},
                {"--every", "DURATION", "Goes on, with a run so often, from 1s to 1h"},
                {"--listen", "HOST:PORT",
                 "Where --every on a cluster shows /metrics and /health, by default metrics.listen"}},
      .examples = {{"does everything work?", "guidepost canary"},
                   {"through the collector that users send to", "guidepost canary --url http://127.0.0.1:8080"},
                   {"for good, with metrics for Prometheus",
                    "guidepost canary --config config/cluster.toml --every 30s --listen 127.0.0.1:9601"}},
      .place = Place::kReads,
      .endless_with = "--every",
      .run = run_canary};
}

}  // namespace guidepost::app
