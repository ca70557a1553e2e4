#include "worker/ingest/ingest_metrics.hpp"

#include "guidepost/event/reasons.hpp"

namespace guidepost::worker {
namespace {

using metrics::CounterFamily;
using enum metrics::ShownBy;

const CounterFamily kRecords{
    {"guidepost_ingest_records_total", "records", "Raw records decided, but for refused ones", kIngest},
    {{"outcome",
      "`accepted`; `duplicate`: it was there before; `skipped`: what is no event, as a marker of a mapping run; `lost`: "
      "gone from the log before it was decided, and given up by `gap accept`"}}};
const CounterFamily kBad{{"guidepost_ingest_bad_total", "records", "Refused raw records", kIngest},
                         {{"reason", "why: the reasons of bad rows"}}};
const CounterFamily kBlocks{{"guidepost_ingest_blocks_total", "blocks", "Blocks sent to the resolved log", kIngest}};
const CounterFamily kOvertaken{{"guidepost_ingest_overtaken_total", "times",
                                "Times that a partition began again, for others had gone on with it by other rules",
                                kIngest}};
const CounterFamily kStepsBack{{"guidepost_ingest_log_time_steps_back_total", "times",
                                "Times that the log's clock went back by more than the dedupe window reaches",
                                kIngest}};

const metrics::GaugeFamily kMissing{
    {"guidepost_ingest_missing_records", "records",
     "Raw records that are gone before they were decided: above 0 the partition waits for `gap accept`", kIngest},
    {{"partition", "number of the partition"}}};

}  // namespace

MissingRecords::MissingRecords(Partition partition) : gauge_(kMissing, {std::to_string(partition.value)}) {}

IngestMetrics& ingest_metrics() {
  static IngestMetrics instance = [] {
    IngestMetrics made{.accepted = kRecords.with({"accepted"}),
                       .duplicates = kRecords.with({"duplicate"}),
                       .skipped = kRecords.with({"skipped"}),
                       .lost = kRecords.with({"lost"}),
                       .blocks = kBlocks.with(),
                       .overtaken = kOvertaken.with(),
                       .steps_back = kStepsBack.with(),
                       .bad = {}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(event::Reason::kCount); ++i)
      made.bad.push_back(kBad.with({event::to_string(static_cast<event::Reason>(i))}));
    return made;
  }();
  return instance;
}

}  // namespace guidepost::worker
