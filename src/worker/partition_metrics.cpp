#include "worker/partition_metrics.hpp"

#include "worker/partition_worker.hpp"

namespace guidepost::worker {
namespace {

using metrics::GaugeFamily, metrics::Label;
using enum metrics::ShownBy;

constexpr Label kStage{"stage", "`ingest`: of the raw partition; `aggregate`: of the resolved one"};
constexpr Label kPartition{"partition", "number of the partition, of those that this process has"};

const GaugeFamily kRunning{
    {"guidepost_stage_running", "0 or 1", "Whether the partition is worked on; 0 while it recovers or drains", kStages},
    {kStage, kPartition}};
const GaugeFamily kRead{{"guidepost_stage_read_offset", "offset", "Everything below was taken from the log", kStages},
                        {kStage, kPartition}};
const GaugeFamily kCommitted{
    {"guidepost_stage_committed_offset", "offset",
     "The group's commit: everything below is durable, as blocks of ingest or in the tables of aggregate", kStages},
    {kStage, kPartition}};
const GaugeFamily kEnd{
    {"guidepost_stage_end_offset", "offset", "Where the log ended when it was last looked at, every 5 s", kStages},
    {kStage, kPartition}};
const GaugeFamily kLag{
    {"guidepost_stage_lag_offsets", "offsets",
     "Offsets between commit and end: records of the raw log, or blocks of the resolved one", kStages},
    {kStage, kPartition}};
const GaugeFamily kComplete{
    {"guidepost_stage_complete_timestamp_seconds", "Unix time",
     "Everything that came into the log before this moment is committed: `time()` less this is the lag as time, some 5 s "
     "to 10 s where nothing waits. Shown as soon as it is known",
     kStages},
    {kStage, kPartition}};
const GaugeFamily kCommittedAt{
    {"guidepost_stage_committed_timestamp_seconds", "Unix time",
     "When the last commit was acknowledged; there is one a second while something comes in. Shown after the first",
     kStages},
    {kStage, kPartition}};
const GaugeFamily kPending{{"guidepost_stage_pending_bytes", "bytes",
                            "Blocks (ingest) or puts (aggregate) sent and not acknowledged yet; at their limit, "
                            "ingest.in_flight or aggregate.in_flight, nothing is taken from the log",
                            kStages},
                           {kStage, kPartition}};

double seconds(TimeMs t) { return static_cast<double>(t.time_since_epoch().count()) / 1000; }

}  // namespace

PartitionMetrics::PartitionMetrics(std::string_view stage, Partition partition)
    : PartitionMetrics(stage, std::to_string(partition.value)) {}

PartitionMetrics::PartitionMetrics(std::string_view stage, const std::string& partition)
    : running_(kRunning, {stage, partition}),
      read_(kRead, {stage, partition}),
      committed_(kCommitted, {stage, partition}),
      end_(kEnd, {stage, partition}),
      lag_(kLag, {stage, partition}),
      complete_(kComplete, {stage, partition}),
      committed_at_(kCommittedAt, {stage, partition}),
      pending_(kPending, {stage, partition}) {}

void PartitionMetrics::show(const PartitionStatus& status, const Completeness& completeness) {
  running_.set(status.phase == "running" ? 1 : 0);
  if (const auto end = completeness.end()) {  // before that nothing else is known either
    read_.set(static_cast<double>(status.position.value));
    committed_.set(static_cast<double>(status.committed.value));
    end_.set(static_cast<double>(end->value));
    lag_.set(static_cast<double>(completeness.lag()));
  }
  if (const auto until = completeness.until()) complete_.set(seconds(*until));
  pending_.set(static_cast<double>(status.pending));
}

void PartitionMetrics::committed(TimeMs now) { committed_at_.set(seconds(now)); }

}  // namespace guidepost::worker
