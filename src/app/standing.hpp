// How everything stands, at one look: what `status` tells, in whatever form.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/sources.hpp"
#include "identity/runs.hpp"
#include "worker/gap_table.hpp"
#include "worker/partition_worker.hpp"

namespace guidepost::app {

struct Standing {
  struct Store {
    std::string name;  ///< `event log`, `table store`
    std::optional<Error> problem;
  };
  /// The stages of this process.
  struct Stages {
    bool ready = false;
    std::vector<worker::PartitionStatus> ingest, aggregate;
    std::optional<Error> failure;
  };
  TimeMs at;  ///< the moment before it was looked at
  std::vector<Store> stores;
  /// What could not be read though both stores answered; what was read before it is there.
  std::optional<Error> problem;
  std::optional<std::vector<SourceStanding>> sources;
  std::optional<std::vector<identity::RunRecord>> runs;  ///< of the mapping, those undone marked so
  std::vector<worker::Gap> gaps;  ///< of the version
  std::optional<Stages> stages;

  bool reached() const;
  /// Everything could be read, no stage has failed, and none waits for records to be given up.
  bool good() const;
  /// The newest run that is in force.
  const identity::RunRecord* mapping() const;
  /// Records that are in no table yet, of all current sources.
  std::int64_t lag() const;
};

/// Of the version that is published now. Blocks: with little patience.
Standing look_around(Call& call);

nlohmann::json json_of(const Standing& standing);

/// `ok`, or what is wrong with the stores, a line each, in red.
std::string store_problems(const Standing& standing, const text::Look& look);

/// A line on each gap, in red where it is waited for.
std::string gap_lines(const Standing& standing, const text::Look& look);

/// A line on each stage that runs here, and one for each partition that has missed or failed something.
std::string stage_lines(const Standing& standing, const text::Look& look);

}  // namespace guidepost::app
