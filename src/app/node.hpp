// The stores of this process, and the stages that commands share.
#pragma once

#include <memory>
#include <mutex>

#include "app/stores.hpp"
#include "app/workers.hpp"
#include "base/config.hpp"
#include "base/names.hpp"

namespace guidepost::app {

/// Thread: any (several commands at once). Blocks: open() and close().
class Node {
 public:
  /// Embedded stores are opened, and everything that `init` makes is made where it is missing; the caller holds the
  /// folder's lock. A cluster need not be there yet. Errors: those of `open_stores`; kFailed.
  static Result<std::unique_ptr<Node>> open(const LoadedConfig& loaded, OpenStores open_stores);
  ~Node();

  const Config& config() const { return config_; }
  /// Of the version that is read: as of the last look_at_version().
  Names names() const;
  /// Finds out which version is published, where the configuration does not name one: before each command. Errors: of the
  /// store.
  Result<void> look_at_version(const std::stop_token& cancelled);
  EventLog& log() { return *stores_.log; }
  TableStore& tables() { return *stores_.tables; }
  /// Null where the stores are a cluster's.
  const CheckpointStores& checkpoint() const { return stores_.checkpoint; }

  /// The stages of this process, started where they do not run yet: `up` runs them always, a lone command (import,
  /// refresh) when it needs them. Errors: those of Workers::start.
  Result<Workers*> workers();
  /// The stages where they run already.
  Workers* running_workers();

  /// Who wants to know when a stage fails for good; told at once where one has. Nobody: an empty function.
  void when_failed(std::function<void(const Error&)> tell);

  /// Drains the stages, if any run, then closes the stores. Errors: kTimedOut (nothing is lost, a later start reads
  /// again), and what the stages failed of.
  Result<void> close();

 private:
  Node(Config config, Stores stores);
  Config config_;
  mutable std::mutex names_mutex_;
  Names names_;
  Stores stores_;
  void stage_failed(const Error& error);

  std::mutex mutex_;
  std::unique_ptr<Workers> workers_;
  std::mutex failure_mutex_;
  std::optional<Error> failure_;
  std::function<void(const Error&)> tell_;
};

}  // namespace guidepost::app
