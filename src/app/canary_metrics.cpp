#include "app/canary_metrics.hpp"

#include <array>

#include "guidepost/base/executor.hpp"

namespace guidepost::app {
namespace {

using metrics::CounterFamily, metrics::GaugeFamily, metrics::HistogramFamily;
using enum metrics::ShownBy;

constexpr std::array kDelayBounds{0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 300.0, 600.0};

const CounterFamily kRuns{
    {"guidepost_canary_runs_total", "runs", "Runs that have ended", kCanary},
    {{"outcome",
      "the worst that was found: `well`; late: `uncounted`, `unapplied`, `undecided`; `unknown`: the stores did not "
      "answer; `not_taken`, `refused` on the way in; wrong: `lost`, `miscounted`, `doubled`"}}};
const CounterFamily kEvents{{"guidepost_canary_events_total", "events", "Events sent, and taken", kCanary}};
const CounterFamily kMissing{{"guidepost_canary_missing_rows_total", "events",
                              "Of these, events that had no row when their run ended: lost, or late", kCanary}};
const CounterFamily kWrong{{"guidepost_canary_wrong_numbers_total", "numbers",
                            "Numbers that were not those of their rows, and events stored twice", kCanary}};
const HistogramFamily kDelay{
    {"guidepost_canary_delay_seconds", "seconds",
     "From before the events of a run are sent until all are there; of runs that saw it", kCanary},
    kDelayBounds,
    {{"until", "`taken`: in the log; `row`: stored; `number`: counted"}}};
const GaugeFamily kSuccess{{"guidepost_canary_success_timestamp_seconds", "Unix time",
                            "The end of the last run that was well; before the first one, when the watch began",
                            kCanary}};

double now() { return static_cast<double>(unix_ms(inline_executor().wall())) / 1000; }

void observe(std::string_view until, const std::optional<std::chrono::milliseconds>& delay) {
  if (delay) kDelay.with({until}).observe(std::chrono::duration<double>(*delay).count());
}

}  // namespace

CanaryMetrics::CanaryMetrics() : success_(kSuccess, {}) {
  // From the beginning, or a first failure would be no increase.
  for (int i = 0; i < kCanaryOutcomes; ++i) kRuns.with({to_string(static_cast<CanaryOutcome>(i))});
  kEvents.with();
  kMissing.with();
  kWrong.with();
  for (const auto* until : {"taken", "row", "number"}) kDelay.with({until});
  success_.set(now());
}

void CanaryMetrics::record(const CanaryReport& report) {
  const auto& tally = report.tally;
  kRuns.with({to_string(report.outcome())}).add();
  kEvents.with().add(static_cast<double>(tally.sent));
  kMissing.with().add(static_cast<double>(tally.sent - tally.with_row));
  kWrong.with().add(static_cast<double>(tally.wrong_numbers + tally.doubled));
  observe("taken", report.taken_after);
  observe("row", report.rows_after);
  observe("number", report.counted_after);
  if (report.outcome() == CanaryOutcome::kWell) success_.set(now());
}

}  // namespace guidepost::app
