// The runs in the state table, for batch jobs and commands.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/patience.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {

/// Thread: one owner. Blocks: yes, everything. Errors: those of the store, once patience ended.
class RunRegistry {
 public:
  RunRegistry(TableStore& tables, std::string state_table, Patience patience)
      : tables_(tables), table_(std::move(state_table)), patience_(patience) {}

  /// All runs, ascending; statuses as stored (mark_undone tells the undone ones).
  Result<std::vector<RunRecord>> all();
  /// Makes `record` (without its number) the next run, and one after `after`. Errors: kUnavailable where another just did.
  Result<RunRecord> claim(RunRecord record, RunId after = RunId{0});
  /// Makes a started run an aborted one; one that was completed meanwhile stays so.
  Result<void> abort(const RunRecord& record);
  /// Lists the changed GUIDs (ascending) in the run's row, and says so in the record.
  Result<void> list_changed(RunRecord& record, std::span<const std::uint64_t> hashes);
  /// Errors: kCancelled where another aborted the run.
  Result<void> complete(const RunRecord& record);

  /// How many partitions of the topic, from 0, have the run's marker.
  Result<std::int32_t> published(RunId run, const std::string& topic_id);
  Result<void> set_published(RunId run, const std::string& topic_id, std::int32_t partitions);

 private:
  Result<void> put(RowPut row);
  TableStore& tables_;
  std::string table_;
  Patience patience_;
};

}  // namespace guidepost::identity
