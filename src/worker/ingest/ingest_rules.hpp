// By what ingest decides, as one number.
#pragma once

#include "enrich/enricher.hpp"
#include "event/decoder.hpp"
#include "worker/ingest/ingest_options.hpp"

namespace guidepost::worker {

/// Everything that decides besides the log and the mapping. Thread: any. Blocks: never.
RulesHash rules_of(const event::Decoder& decoder, const enrich::Enricher& enricher, const IngestOptions& options);

}  // namespace guidepost::worker
