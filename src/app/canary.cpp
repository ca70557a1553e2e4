#include "app/canary.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "app/ask.hpp"
#include "app/canary_sight.hpp"
#include "app/options.hpp"
#include "base/text.hpp"
#include "event/decoder.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;
using Json = nlohmann::json;

/// Pauses between looks: short ones while the delay is to be measured, the last one for as long as it takes.
constexpr std::array kPauses{50ms, 100ms, 100ms, 250ms, 250ms, 250ms, 500ms, 500ms, 1000ms};

/// The same address for ever, so that it adds one value to a dimension and not one a run.
constexpr std::string_view kUrl = "/guidepost-canary";

/// No other run's, of whichever process: what a restart forgets is not needed.
std::string new_run() {
  std::random_device random;
  return fmt::format("canary-{:08x}{:08x}{:08x}", random(), random(), random());
}

Millis since(Clock::time_point began) { return std::chrono::duration_cast<Millis>(Clock::now() - began); }

/// One event a line.
std::string line_of(const std::string& merchant, const std::string& guid, const std::string& id, TimeMs time) {
  const Json json{{"merchant", merchant}, {"type", "page_view"}, {"guid", guid},
                  {"url", kUrl},          {"event_id", id},      {"time", unix_ms(time)}};
  return json.dump() + "\n";
}

/// What is wrong with an answer to events; nothing: they are in the log, and will be decided as events.
std::optional<CanaryFinding> mistake_in(const http::Client::Answer& answer) {
  if (answer.status != 200 && answer.status != 207) {
    return CanaryFinding{CanaryOutcome::kNotTaken,
                         fmt::format("not taken: {} {}", answer.status, text::escape(answer.body.substr(0, 300)))};
  }
  const auto json = Json::parse(answer.body, nullptr, false);
  if (!json.is_object() || !json.contains("events"))
    return CanaryFinding{CanaryOutcome::kNotTaken, "not taken: the answer is none of a collector"};
  for (const auto& event : json["events"]) {
    if (!event.is_object())
      return CanaryFinding{CanaryOutcome::kNotTaken, "not taken: the answer is none of a collector"};
    if (event.value("status", "") == "accepted") continue;
    return CanaryFinding{CanaryOutcome::kRefused,
                         fmt::format("refused at first sight: {} ({})", text::escape(event.value("reason", "")),
                                     text::escape(event.value("detail", "")))};
  }
  return std::nullopt;
}

}  // namespace

CanaryOutcome CanaryReport::outcome() const {
  auto worst = CanaryOutcome::kWell;
  for (const auto& finding : findings) worst = std::max(worst, finding.outcome);
  return worst;
}

std::vector<std::pair<std::string, Partition>> canary_devices(const std::string& merchant, std::uint32_t shards,
                                                              std::int32_t partitions, std::size_t most) {
  std::vector<std::pair<std::string, Partition>> devices;
  std::set<Partition> led_to;
  const auto wanted = std::min({most, std::size_t{shards}, static_cast<std::size_t>(partitions)});
  // A GUID's shard is a hash: among so many there is one of each shard, as good as certainly.
  for (std::uint32_t n = 1; n <= 16 * shards && devices.size() < wanted; ++n) {
    auto guid = "canary-" + std::to_string(n);
    const auto partition = partition_of_key(event::record_key(merchant, guid, shards), partitions);
    if (led_to.insert(partition).second) devices.emplace_back(std::move(guid), partition);
  }
  return devices;
}

Canary::Canary(const Config& config, CanaryOptions options, EventLog& log, TableStore& tables, Published published)
    : config_(config),
      options_(std::move(options)),
      log_(log),
      tables_(tables),
      published_(std::move(published)),
      client_(options_.collector ? std::make_unique<http::Client>(*options_.collector) : nullptr),
      intake_(options_.collector ? nullptr : std::make_unique<EventIntake>(config_, log_)) {}

Canary::~Canary() = default;

/// Through the collector, or through what a collector does itself.
Result<http::Client::Answer> Canary::post(std::string body, Clock::time_point deadline,
                                          const std::stop_token& cancelled) {
  constexpr std::string_view kLines = "application/x-ndjson";
  if (client_) return client_->post("/v1/events", kLines, std::move(body));
  while (!intake_->ready() && Clock::now() < deadline && pause(kPauses[0], cancelled)) {
  }
  http::Request request;
  request.head.headers = {{"content-type", std::string(kLines)}, {"user-agent", "guidepost"}};
  request.body = std::move(body);
  auto answer = ask<http::Response>(
      [&](Completion<http::Response> done) {
        intake_->take(std::move(request),
                      [done = std::move(done)](http::Response response) mutable { done(std::move(response)); });
      },
      cancelled, config_.http.log_timeout + 1s);
  if (!answer) return tl::unexpected(answer.error());
  return http::Client::Answer{answer->status, std::move(answer->body)};
}

/// Sends one run's events.
tl::expected<Canary::Sent, CanaryFinding> Canary::send(const CanaryReport& report, Clock::time_point deadline,
                                                       const std::stop_token& cancelled) {
  const auto not_taken = [](const Error& error) {
    return tl::unexpected(CanaryFinding{CanaryOutcome::kNotTaken, "not taken: " + error.message});
  };
  const auto raw_topic = names_of(config_).raw_topic();
  const auto topic =
      ask<std::optional<TopicState>>([&](auto done) { log_.describe_topic(raw_topic, std::move(done)); }, cancelled);
  if (!topic) return not_taken(topic.error());
  if (!*topic)
    return not_taken({ErrorCode::kNotFound, "there is no topic " + raw_topic + ": `guidepost init` makes it"});

  const auto& merchant = config_.canary.merchant;
  const auto settings = config_.merchant.find(merchant);
  const auto shards = settings == config_.merchant.end() ? 1 : settings->second.shards;
  const auto most = std::max<std::size_t>(1, config_.limits.http_events / options_.events);
  Sent sent;
  std::string body;
  for (const auto& [guid, partition] : canary_devices(merchant, shards, (*topic)->partitions, most)) {
    for (std::size_t n = 0; n < options_.events; ++n) {
      const auto id = fmt::format("{}-{}", report.run, sent.events.size() + 1);
      body += line_of(merchant, guid, id, report.time);
      sent.events.push_back({id, partition});
    }
  }
  const auto answer = post(std::move(body), deadline, cancelled);
  if (!answer) return not_taken(answer.error());
  if (auto mistake = mistake_in(*answer)) return tl::unexpected(*std::move(mistake));
  // Read after the answer: the events lie below.
  auto ends = ends_behind(log_, raw_topic, sent.events, cancelled);
  if (!ends) {
    return tl::unexpected(
        CanaryFinding{CanaryOutcome::kUnknown, "taken, and the log does not say where: " + ends.error().message});
  }
  sent.ends = *std::move(ends);
  return sent;
}

/// How it stands now. What the stages have promised is read before the tables: there it is, then.
Result<Canary::Look> Canary::look(const Sent& sent, TimeMs time, Depth depth, const std::stop_token& cancelled) {
  Look look;
  const auto names = published_();
  if (!names) return tl::unexpected(names.error());
  if (depth == Depth::kWithProgress) {
    auto progress = progress_of(log_, tables_, *names, sent.ends, cancelled);
    if (!progress) return tl::unexpected(progress.error());
    look.progress = *std::move(progress);
  }
  auto sight = see_canary(tables_, *names, config_.canary.merchant, Bucket::of(time), cancelled);
  if (!sight) return tl::unexpected(sight.error());
  look.sight = *std::move(sight);
  if (depth == Depth::kWithProgress) {
    auto refusals = see_refusals(tables_, *names, config_.canary.merchant, time, cancelled);
    if (!refusals) return tl::unexpected(refusals.error());
    look.sight.refusals = *std::move(refusals);
  }
  return look;
}

Result<CanaryReport> Canary::run(const std::stop_token& cancelled, const std::function<void(std::string_view)>& tell) {
  const auto stopped = [] { return fail(ErrorCode::kCancelled, "stopped before the canary's events were counted"); };
  const auto said = [&](const std::string& line) {
    if (tell) tell(line);
  };
  const auto began = Clock::now();
  const auto deadline = began + options_.timeout;
  // All at the same time: they lie in one quarter of an hour, whenever it is.
  CanaryReport report{.run = new_run(), .time = inline_executor().wall()};
  const auto sent = send(report, deadline, cancelled);
  if (cancelled.stop_requested()) return stopped();
  if (!sent) {
    report.findings.push_back(sent.error());
    return report;
  }
  report.partitions = sent->ends.size();
  report.tally.sent = sent->events.size();
  report.taken_after = since(began);
  const auto counted = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  said(fmt::format("sent {} to {}: in the log after {}", counted(report.tally.sent, "event"),
                   counted(report.partitions, "partition"), text::duration(*report.taken_after)));
  for (std::size_t n = 0; pause(kPauses[std::min(n, kPauses.size() - 1)], cancelled); ++n) {
    const bool last = Clock::now() >= deadline;
    const auto seen = look(*sent, report.time, last ? Depth::kWithProgress : Depth::kTables, cancelled);
    if (cancelled.stop_requested()) break;
    if (seen) report.tally = tally(sent->events, seen->sight);
    if (seen && !report.rows_after && report.tally.with_row == report.tally.sent) {
      report.rows_after = since(began);
      said("every event has its row after " + text::duration(*report.rows_after));
    }
    if (seen && report.tally.well()) {
      report.counted_after = since(began);
      said("all are in the number after " + text::duration(*report.counted_after));
      return report;
    }
    if (!last) continue;
    if (seen) {
      report.findings = findings(sent->events, seen->sight, seen->progress);
    } else {
      report.findings.push_back(
          {CanaryOutcome::kUnknown, "taken, and the tables do not say what became of them: " + seen.error().message});
    }
    return report;
  }
  return stopped();
}

}  // namespace guidepost::app
