#include "app/workers.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;

/// How often a daemon looks whether another version was published.
constexpr std::chrono::milliseconds kLook{2000};
constexpr std::chrono::milliseconds kLookPatience{5000};

/// The windows of all partitions may come to this process: better told at start than when memory ends.
Result<void> check_memory(const Config& config, std::int32_t partitions) {
  constexpr std::uint64_t kBytesOfAnOffset = 128;
  const auto of_partition = config.ingest.dedupe_window * kBytesOfAnOffset + config.sessions.memory.value;
  const auto needed = static_cast<std::uint64_t>(partitions) * of_partition;
  if (needed <= config.ingest.window_memory.value) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("ingest.dedupe_window of {} offsets and sessions.memory of {} may need {} for {} partitions, over "
                  "ingest.window_memory of {}: lower the windows or raise the memory",
                  config.ingest.dedupe_window, text::bytes(config.sessions.memory.value), text::bytes(needed),
                  partitions, text::bytes(config.ingest.window_memory.value)));
}

}  // namespace

Workers::Workers(const Config& config, Stages stages, EventLog& log, TableStore& tables,
                 std::function<void(const Error&)> failed)
    : config_(config), stages_(stages), log_(log), tables_(tables), failed_(std::move(failed)) {}

Result<std::unique_ptr<Workers>> Workers::start(const Config& config, Stages stages, EventLog& log, TableStore& tables,
                                                std::function<void(const Error&)> failed,
                                                std::optional<Replaying> replaying) {
  std::unique_ptr<Workers> workers(new Workers(config, stages, log, tables, std::move(failed)));
  workers->replaying_ = replaying;
  if (stages != Stages::kAggregate) {
    if (const auto fits = check_memory(config, static_cast<std::int32_t>(config.topics.partitions)); !fits)
      return tl::unexpected(fits.error());
  }
  // What is wrong with files is told at once, not when the stores are there. Most often it is the version to work in.
  auto first = workers->make(names_of(config).version, RunId{0});
  if (!first) return tl::unexpected(first.error());
  workers->first_ = std::move(*first);
  workers->running_ = std::jthread([w = workers.get()](const std::stop_token& stop) { w->run(stop); });
  return workers;
}

Workers::~Workers() { stop(0ms); }

void Workers::Pair::start() {
  if (ingest) ingest->start();
  if (aggregate) aggregate->start();
}

bool Workers::Pair::stop(std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  const auto left = [&] {
    return std::max<std::chrono::milliseconds>(
        0ms, std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
  };
  bool drained = true;
  if (ingest) drained &= ingest->stop(left());
  if (aggregate) drained &= aggregate->stop(left());
  return drained;
}

Result<Workers::Pair> Workers::make(std::uint32_t version, RunId least_run) {
  auto config = config_;
  config.names.version = version;
  const auto role_of = [this](worker::RoleOptions role) {
    role.shown = !replaying_;
    return role;
  };
  const auto on_failure = [this](const Error& error) { fail_once(error); };
  Pair pair{version, nullptr, nullptr};
  if (stages_ != Stages::kAggregate) {
    auto options = ingest_options_of(config);
    options.least_run = least_run;
    options.rate = replaying_ ? replaying_->rate : 0;
    options.fails_at_gap = replaying_.has_value();
    auto made =
        worker::IngestRole::make(role_of(ingest_role_of(config)), std::move(options), log_, tables_, on_failure);
    if (!made) return tl::unexpected(made.error());
    pair.ingest = std::move(*made);
  }
  if (stages_ != Stages::kIngest) {
    pair.aggregate = std::make_unique<worker::AggregateRole>(role_of(aggregate_role_of(config)),
                                                             aggregate_options_of(config), log_, tables_, on_failure);
  }
  return pair;
}

Result<Workers::Pair> Workers::make_or_take(const worker::VersionRecord& version) {
  auto first = std::exchange(first_, std::nullopt);
  const auto least_run = version.least_run.value_or(RunId{0});
  if (first && first->version == version.version && least_run == RunId{0}) return std::move(*first);
  return make(version.version, least_run);
}

/// Runs the stages in one version after the other, as they are published.
void Workers::run(const std::stop_token& stop) {
  while (true) {
    const auto version = find_version(stop);
    if (!version || !wait_for_installation(stop, version->version)) return;
    auto made = make_or_take(*version);
    if (!made) return fail_once(made.error());
    const auto pair = std::make_shared<Pair>(std::move(*made));
    {
      std::lock_guard lock(mutex_);
      if (stop.stop_requested()) return;
      pair->start();
      pair_ = pair;
    }
    if (!wait_for_another(stop, version->version)) return;
    {
      std::lock_guard lock(mutex_);
      pair_.reset();
    }
    // What is not drained is decided and applied again, should this version be published once more.
    pair->stop(config_.process.drain);
  }
}

/// The version to work in, and what is known of it; asked until the state table answers. Nothing: to stop.
std::optional<worker::VersionRecord> Workers::find_version(const std::stop_token& stop) {
  worker::VersionTable versions(tables_, names_of(config_));
  bool told = false;
  for (auto wait = 50ms; !stop.stop_requested(); wait = std::min<std::chrono::milliseconds>(wait * 2, 2000ms)) {
    auto published =
        ask<worker::Published>([&](auto done) { versions.published(std::move(done)); }, stop, kLookPatience);
    if (published) {
      const auto number = config_.names.version != 0 ? config_.names.version : published->version;
      const auto known = ask<std::optional<worker::VersionRecord>>(
          [&](auto done) { versions.version(number, std::move(done)); }, stop, kLookPatience);
      if (known) {
        if (*known) return *known;
        worker::VersionRecord first;  // `init` made it
        first.version = number;
        return first;
      }
      published = tl::unexpected(known.error());
    }
    if (published.error().code == ErrorCode::kCorrupt) {
      fail_once(published.error());
      return std::nullopt;
    }
    if (!std::exchange(told, true) && !stop.stop_requested()) {
      log::warn("waiting_for_state", {{"table", names_of(config_).state()}, {"because", published.error().message}});
    }
    pause(wait, stop);
  }
  return std::nullopt;
}

/// Whether another version has been published; false: to stop.
bool Workers::wait_for_another(const std::stop_token& stop, std::uint32_t version) {
  worker::VersionTable versions(tables_, names_of(config_));
  while (!stop.stop_requested()) {
    pause(kLook, stop);
    if (config_.names.version != 0 || stop.stop_requested()) continue;
    const auto published =
        ask<worker::Published>([&](auto done) { versions.published(std::move(done)); }, stop, kLookPatience);
    if (!published || published->version == version) continue;
    log::info("version_published", {{"version", published->version}, {"instead_of", version}});
    return true;
  }
  return false;
}

/// A member of a group whose topic is not there fails for good, so the topics are waited for; tables are waited for by
/// the stages themselves.
bool Workers::wait_for_installation(const std::stop_token& stop, std::uint32_t version) {
  auto names = names_of(config_);
  names.version = version;
  bool told = false;
  for (const auto& topic : {names.raw_topic(), names.resolved_topic()}) {
    for (auto wait = 50ms; !stop.stop_requested(); wait = std::min<std::chrono::milliseconds>(wait * 2, 2000ms)) {
      const auto found =
          ask<std::optional<TopicState>>([&](auto done) { log_.describe_topic(topic, std::move(done)); }, stop);
      if (found && *found) {
        // An operator may have made it with other partitions than topics.partitions.
        const auto fits = stages_ != Stages::kAggregate ? check_memory(config_, (*found)->partitions) : Result<void>();
        if (!fits) {
          fail_once(fits.error());
          return false;
        }
        break;
      }
      if (!std::exchange(told, true)) {
        log::warn("waiting_for_topic", {{"topic", topic},
                                        {"because", found ? std::string("it is not there: `guidepost init` makes it")
                                                          : found.error().message}});
      }
      pause(wait, stop);
    }
  }
  if (told && !stop.stop_requested()) log::info("topics_are_there");
  return !stop.stop_requested();
}

void Workers::fail_once(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = error;
  }
  failed_(error);
}

std::shared_ptr<Workers::Pair> Workers::pair() const {
  std::lock_guard lock(mutex_);
  return pair_;
}

bool Workers::stop(std::chrono::milliseconds at_most) {
  running_.request_stop();
  if (running_.joinable()) running_.join();
  const auto pair = this->pair();
  return !pair || pair->stop(at_most);
}

void Workers::flush() {
  if (const auto pair = this->pair(); pair && pair->aggregate) pair->aggregate->flush();
}

bool Workers::ready() const {
  const auto pair = this->pair();
  return pair && !failure() && (!pair->ingest || pair->ingest->ready()) &&
         (!pair->aggregate || pair->aggregate->ready());
}

std::optional<Error> Workers::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

std::vector<worker::PartitionStatus> Workers::ingest() const {
  const auto pair = this->pair();
  return pair && pair->ingest ? pair->ingest->status() : std::vector<worker::PartitionStatus>{};
}
std::vector<worker::PartitionStatus> Workers::aggregate() const {
  const auto pair = this->pair();
  return pair && pair->aggregate ? pair->aggregate->status() : std::vector<worker::PartitionStatus>{};
}

}  // namespace guidepost::app
