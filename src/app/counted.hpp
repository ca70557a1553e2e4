// Waiting until what was brought in is in the numbers.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "base/names.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

/// Where the raw topic ends now, by partition. Errors: those of the log; kNotFound (no topic).
Result<std::vector<Offset>> raw_ends(EventLog& log, const Names& names);

/// Waits until every source's durable position has reached its end: rows, pages and ledger of all that
/// lies below are stored. `flush` is called now and then to hurry the stage that runs in this process;
/// `progress` gets how many offsets are still to come. Blocks: yes. Errors: kCancelled; those of the
/// ports that no waiting cures.
Result<void> wait_until_counted(EventLog& log, TableStore& tables, const Names& names, const std::vector<Offset>& ends,
                                const std::function<void()>& flush, const std::function<void(std::uint64_t)>& progress,
                                const std::stop_token& cancelled);

}  // namespace guidepost::app
