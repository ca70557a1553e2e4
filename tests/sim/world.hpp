// Ingest and aggregate over fakes, on one executor that a test drives: the production state machines,
// step by step, with crashes, zombies and faults in between.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "enrich/enricher.hpp"
#include "event/decoder.hpp"
#include "identity/resolver.hpp"
#include "support/fake_event_log.hpp"
#include "support/fake_table_store.hpp"
#include "support/manual_executor.hpp"
#include "worker/aggregate/aggregate_partition.hpp"
#include "worker/ingest/ingest_partition.hpp"
#include "worker/tables.hpp"

namespace guidepost::test {

/// The outside world of one test.
struct World {
  explicit World(std::int32_t partitions = 1);
  std::int32_t partitions;
  ManualExecutor executor;
  FakeEventLog log{executor};
  FakeTableStore tables;
  Names names;

  /// Appends a raw record. Gives its offset.
  Offset raw(std::string value, Partition partition = Partition{0}, std::string key = {});
  /// Gives another world, which is new, the same raw records, mappings and runs.
  void copy_input(World& to) const;
  /// Lets time pass until nothing more happens for a while.
  void settle(std::chrono::milliseconds time = std::chrono::seconds{30});
};

/// One process with both stages. Destroying it is a kill -9.
class Process {
 public:
  Process(World& world, worker::IngestOptions ingest = {}, worker::AggregateOptions aggregate = {});
  ~Process();
  /// Ends as SIGTERM ends it; true where everything drained.
  bool drain();
  /// From now on it does not hear that its partitions went to someone else, and goes on writing; where it `goes_on`, reading as well.
  void become_zombie(bool goes_on);
  const std::vector<Error>& failures() const { return failures_; }
  worker::PartitionStatus ingest_status(Partition partition = Partition{0}) const;
  worker::PartitionStatus aggregate_status(Partition partition = Partition{0}) const;

 private:
  class Stage;
  World& world_;
  worker::IngestOptions ingest_options_;
  worker::AggregateOptions aggregate_options_;
  worker::StateTable state_;
  event::Decoder decoder_;
  enrich::Enricher enricher_;
  worker::ProducerSlot producer_;
  identity::Resolver resolver_;
  std::vector<Error> failures_;
  bool zombie_ = false;
  std::unique_ptr<Stage> ingest_;
  std::unique_ptr<Stage> aggregate_;
};

/// What readers see, as text: the valid chunks of all pages without their positions and writer's marks, the
/// ledger's counts, event rows, the keys of bad rows, and the index with its timestamps. Equal texts are equal numbers.
std::string readable(const FakeTableStore& tables, const Names& names);

/// The first line in which two texts differ; empty where none does.
std::string first_difference(const std::string& got, const std::string& expected);

/// JSON of a page view of `guid`, `minute` minutes after 2026-01-01T00:00Z.
std::string page_view(std::string_view guid, int minute, std::string_view event_id, std::string_view path = "/");

}  // namespace guidepost::test
