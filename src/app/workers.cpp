#include "app/workers.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <condition_variable>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;

/// Sleeps, but not past a wish to stop.
void pause(std::chrono::milliseconds how_long, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, how_long, [] { return false; });
}

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

Workers::Workers(const Config& config, EventLog& log, std::function<void(const Error&)> failed)
    : config_(config), log_(log), failed_(std::move(failed)) {}

Result<std::unique_ptr<Workers>> Workers::start(const Config& config, Stages stages, EventLog& log, TableStore& tables,
                                                std::function<void(const Error&)> failed) {
  std::unique_ptr<Workers> workers(new Workers(config, log, std::move(failed)));
  auto on_failure = [w = workers.get()](const Error& error) { w->fail_once(error); };
  if (stages != Stages::kAggregate) {
    if (const auto fits = check_memory(config, static_cast<std::int32_t>(config.topics.partitions)); !fits)
      return tl::unexpected(fits.error());
    auto made = worker::IngestRole::make(ingest_role_of(config), ingest_options_of(config), log, tables, on_failure);
    if (!made) return tl::unexpected(made.error());
    workers->ingest_ = std::move(*made);
  }
  if (stages != Stages::kIngest) {
    workers->aggregate_ = std::make_unique<worker::AggregateRole>(
        aggregate_role_of(config), aggregate_options_of(config), log, tables, on_failure);
  }
  workers->beginning_ = std::jthread([w = workers.get()](const std::stop_token& stop) { w->begin(stop); });
  return workers;
}

Workers::~Workers() { stop(0ms); }

void Workers::begin(const std::stop_token& stop) {
  if (!wait_for_installation(stop)) return;
  std::lock_guard lock(mutex_);
  if (stop.stop_requested()) return;
  if (ingest_) ingest_->start();
  if (aggregate_) aggregate_->start();
  begun_ = true;
}

/// A member of a group whose topic is not there fails for good, so the topics are waited for; tables are waited for by
/// the stages themselves.
bool Workers::wait_for_installation(const std::stop_token& stop) {
  const auto names = names_of(config_);
  bool told = false;
  for (const auto& topic : {names.raw_topic(), names.resolved_topic()}) {
    for (auto wait = 50ms; !stop.stop_requested(); wait = std::min<std::chrono::milliseconds>(wait * 2, 2000ms)) {
      const auto found =
          ask<std::optional<TopicState>>([&](auto done) { log_.describe_topic(topic, std::move(done)); }, stop);
      if (found && *found) {
        // An operator may have made it with other partitions than topics.partitions.
        if (const auto fits = ingest_ ? check_memory(config_, (*found)->partitions) : Result<void>(); !fits) {
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

bool Workers::stop(std::chrono::milliseconds at_most) {
  beginning_.request_stop();
  if (beginning_.joinable()) beginning_.join();
  const auto until = std::chrono::steady_clock::now() + at_most;
  const auto left = [&] {
    return std::max<std::chrono::milliseconds>(
        0ms, std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
  };
  bool drained = true;
  if (ingest_) drained &= ingest_->stop(left());
  if (aggregate_) drained &= aggregate_->stop(left());
  return drained;
}

void Workers::flush() {
  std::lock_guard lock(mutex_);
  if (begun_ && aggregate_) aggregate_->flush();
}

bool Workers::ready() const {
  std::lock_guard lock(mutex_);
  return begun_ && !failure_ && (!ingest_ || ingest_->ready()) && (!aggregate_ || aggregate_->ready());
}

std::optional<Error> Workers::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

std::vector<worker::PartitionStatus> Workers::ingest() const {
  return ingest_ ? ingest_->status() : std::vector<worker::PartitionStatus>{};
}
std::vector<worker::PartitionStatus> Workers::aggregate() const {
  return aggregate_ ? aggregate_->status() : std::vector<worker::PartitionStatus>{};
}

}  // namespace guidepost::app
