#include "worker/ingest/ingest_metrics.hpp"

#include "guidepost/event/reasons.hpp"

namespace guidepost::worker {

IngestMetrics& ingest_metrics() {
  static IngestMetrics instance = [] {
    const std::string name = "guidepost_ingest_records_total";
    const std::string help = "Raw records decided, by outcome";
    IngestMetrics made{.accepted = metrics::counter(name, help, {{"outcome", "accepted"}}),
                       .duplicates = metrics::counter(name, help, {{"outcome", "duplicate"}}),
                       .skipped = metrics::counter(name, help, {{"outcome", "skipped"}}),
                       .blocks = metrics::counter("guidepost_ingest_blocks_total", "Blocks sent to the resolved log"),
                       .steps_back = metrics::counter("guidepost_ingest_log_time_steps_back_total",
                                                      "Times the log's clock went back by more than the window"),
                       .bad = {}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(event::Reason::kCount); ++i) {
      const auto reason = std::string(event::to_string(static_cast<event::Reason>(i)));
      made.bad.push_back(
          metrics::counter("guidepost_ingest_bad_total", "Refused events, by reason", {{"reason", reason}}));
    }
    return made;
  }();
  return instance;
}

}  // namespace guidepost::worker
