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
#include "worker/versions.hpp"

namespace guidepost::app {

enum class Stages : std::uint8_t { kIngest = 1, kAggregate = 2, kBoth = 3 };

/// Of stages that count again, beside the live ones of this process: records a second that ingest takes of each partition
/// at most, 0 as many as come. They are not among the metrics of partitions.
struct Replaying {
  std::uint64_t rate = 0;
};

/// Starts the stages as soon as what `init` makes is there, and keeps them running: in the version that names.version
/// says, or else in the published one, and in the next one when that is published.
/// Thread: any. Blocks: stop(), the destructor. The ports outlive it.
class Workers {
 public:
  /// `failed` is told once of the first failure that no retry helps: the process should drain and end.
  /// Errors: kNotFound, kCorrupt (the geo file), kInvalidArgument (windows that do not fit into their memory).
  static Result<std::unique_ptr<Workers>> start(const Config& config, Stages stages, EventLog& log, TableStore& tables,
                                                std::function<void(const Error&)> failed,
                                                std::optional<Replaying> replaying = std::nullopt);
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
  /// The stages in one version.
  struct Pair {
    std::uint32_t version = 0;
    std::unique_ptr<worker::IngestRole> ingest;
    std::unique_ptr<worker::AggregateRole> aggregate;
    void start();
    bool stop(std::chrono::milliseconds at_most);
  };
  Workers(const Config& config, Stages stages, EventLog& log, TableStore& tables,
          std::function<void(const Error&)> failed);
  void run(const std::stop_token& stop);
  Result<Pair> make(std::uint32_t version, RunId least_run);
  Result<Pair> make_or_take(const worker::VersionRecord& version);
  std::optional<worker::VersionRecord> find_version(const std::stop_token& stop);
  bool wait_for_installation(const std::stop_token& stop, std::uint32_t version);
  bool wait_for_another(const std::stop_token& stop, std::uint32_t version);
  void fail_once(const Error& error);
  std::shared_ptr<Pair> pair() const;

  Config config_;
  Stages stages_;
  std::optional<Replaying> replaying_;
  EventLog& log_;
  TableStore& tables_;
  std::function<void(const Error&)> failed_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::optional<Pair> first_;  ///< made at the start, not begun; of the running thread
  std::shared_ptr<Pair> pair_;  ///< that has begun
  std::jthread running_;  // last: uses the others
};

}  // namespace guidepost::app
