// The stages of this process: ingest, aggregate, or both.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/config.hpp"
#include "worker/roles.hpp"

namespace guidepost::app {

enum class Stages : std::uint8_t { kIngest = 1, kAggregate = 2, kBoth = 3 };

/// Starts the stages as soon as what `init` makes is there, and keeps them running.
/// Thread: any. Blocks: stop(), the destructor. The ports outlive it.
class Workers {
 public:
  /// `failed` is told once of the first failure that no retry helps: the process should drain and end.
  /// Errors: kNotFound, kCorrupt (the geo file), kInvalidArgument (windows that do not fit into their memory).
  static Result<std::unique_ptr<Workers>> start(const Config& config, Stages stages, EventLog& log, TableStore& tables,
                                                std::function<void(const Error&)> failed);
  ~Workers();

  /// Drains and commits, ingest first; whether all of it was done within `at_most`. Where not, nothing is lost but work.
  bool stop(std::chrono::milliseconds at_most);
  /// Writes pages soon that would wait for more.
  void flush();
  bool ready() const;
  std::optional<Error> failure() const;
  std::vector<worker::PartitionStatus> ingest() const;
  std::vector<worker::PartitionStatus> aggregate() const;

 private:
  Workers(const Config& config, EventLog& log, std::function<void(const Error&)> failed);
  void begin(const std::stop_token& stop);
  bool wait_for_installation(const std::stop_token& stop);
  void fail_once(const Error& error);

  Config config_;
  EventLog& log_;
  std::function<void(const Error&)> failed_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  bool begun_ = false;
  std::unique_ptr<worker::IngestRole> ingest_;
  std::unique_ptr<worker::AggregateRole> aggregate_;
  std::jthread beginning_;  // last: uses the others
};

}  // namespace guidepost::app
