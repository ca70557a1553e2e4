// What the tables and the log say about a canary's events.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "app/canary_findings.hpp"
#include "base/names.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

/// A merchant's numbers and rows of a quarter of an hour. Blocks: yes, with little patience. Errors: of the store; kCorrupt.
Result<CanarySight> see_canary(TableStore& tables, const Names& names, const std::string& merchant, Bucket bucket,
                               const std::stop_token& cancelled);

/// What ingest refused of a merchant, received about `time` or later. Blocks: yes. Errors: of the store; kCorrupt.
Result<std::vector<CanaryRefusal>> see_refusals(TableStore& tables, const Names& names, const std::string& merchant,
                                                TimeMs time, const std::stop_token& cancelled);

/// Where the partitions end that the events were sent to. Blocks: yes. Errors: of the log.
Result<std::map<Partition, Offset>> ends_behind(EventLog& log, const std::string& raw_topic,
                                                const std::vector<CanaryEvent>& events,
                                                const std::stop_token& cancelled);

/// How far the stages are with the partitions of `ends`. One of which nothing was decided yet is at 0. Blocks: yes. Errors:
/// of log and store.
Result<std::map<Partition, CanaryProgress>> progress_of(EventLog& log, TableStore& tables, const Names& names,
                                                        const std::map<Partition, Offset>& ends,
                                                        const std::stop_token& cancelled);

}  // namespace guidepost::app
