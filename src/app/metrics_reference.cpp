#include "app/metrics_reference.hpp"

#include <fmt/format.h>
#include <array>

#include "base/assert.hpp"
#include "base/metrics.hpp"

namespace guidepost::app {
namespace {

using metrics::Family, metrics::Kind, metrics::ShownBy;

constexpr std::string_view kHead = R"(# Metrics

<!-- Made by `guidepost --reference metrics`; a test compares. Do not edit: each family is declared where it is made. -->

What every daemon shows at `/metrics`, for Prometheus: `up` and `collect` where they take events (`http.listen`), `ingest` and
`aggregate` at `metrics.listen`, and so does `canary --every` on a cluster. No label holds a device, a customer, a URL or a merchant. Rules that alarm are in
[deploy/prometheus/rules.yml](../deploy/prometheus/rules.yml), what to do then in [alerts.md](alerts.md), a dashboard in
[deploy/grafana](../deploy/grafana).

## Look at these first

| question | query |
|---|---|
| Are the numbers right? | `guidepost_aggregate_missing_offsets` and `increase(guidepost_aggregate_gaps_total[1h])`: anything but 0 is wrong |
| How old are they? | `max by (stage) (time() - guidepost_stage_complete_timestamp_seconds)`: seconds, of each stage; the sum is what users see |
| How much waits? | `sum by (stage) (guidepost_stage_lag_offsets)`: records for `ingest`, blocks of up to 1000 for `aggregate` |
| Is it caught up with, or not moving? | `rate(guidepost_stage_committed_offset[5m])`, of a gauge, but it falls only where a partition is begun anew |
| Is what it stands on there? | `min by (dependency) (guidepost_dependency_reached)` |
| What comes in? | `sum(rate(guidepost_ingest_records_total[5m])) + sum(rate(guidepost_ingest_bad_total[5m]))` |
| Why is it refused? | `topk(5, sum by (reason) (rate(guidepost_ingest_bad_total[5m])))` |

A partition is shown by the process that has it: sums over all processes count each once. A `replay` that runs inside of
`up` is none of these partitions, though what it decides and applies is among the counters of that process.
)";

struct Room {
  std::string_view prefix;
  std::string_view title;
};

/// Of the most general use first. A family is of the first room whose prefix it has.
constexpr std::array kRooms{
    Room{"guidepost_stage_", "Both stages, by partition"},
    Room{"guidepost_ingest_", "Ingest"},
    Room{"guidepost_identity_", "Ingest: looking up mappings"},
    Room{"guidepost_aggregate_", "Aggregate"},
    Room{"guidepost_http_", "HTTP: events, and the listener of every daemon"},
    Room{"guidepost_canary_", "The canary, while `canary --every` runs"},
    Room{"guidepost_dependency_", "What it depends on"},
    Room{"guidepost_hbase_", "HBase, seen from here"},
    Room{"guidepost_data_", "The embedded stores' disk"},
    Room{"guidepost_build_", "The program"},
    Room{"guidepost_process_", "The process"},
    Room{"process_", "The process, by the names that Prometheus' own libraries use"},
};

const Room& room_of(const Family& family) {
  for (const auto& room : kRooms) {
    if (family.name().starts_with(room.prefix)) return room;
  }
  // A new room's metrics need a title here.
  GUIDEPOST_ASSERT(false);
}

std::string_view word_of(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "";
}

std::string_view word_of(ShownBy shown_by) {
  switch (shown_by) {
    case ShownBy::kAll:
      return "all";
    case ShownBy::kIntake:
      return "`up`, `collect`";
    case ShownBy::kStages:
      return "`up`, `ingest`, `aggregate`";
    case ShownBy::kIngest:
      return "`up`, `ingest`";
    case ShownBy::kAggregate:
      return "`up`, `aggregate`";
    case ShownBy::kHBase:
      return "`up`, `ingest`, `aggregate` of a cluster";
    case ShownBy::kEmbedded:
      return "`up` on embedded stores";
    case ShownBy::kCanary:
      return "`canary --every`; on embedded stores the `up` that it runs in";
  }
  return "";
}

std::string row_of(const Family& family) {
  std::string labels;
  for (const auto& label : family.labels())
    labels += fmt::format("{}`{}`: {}", labels.empty() ? "" : "<br>", label.name, label.meaning);
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", family.name(), word_of(family.kind()), family.unit(),
                     family.help(), labels, word_of(family.shown_by()));
}

}  // namespace

std::string metrics_reference() {
  std::string out(kHead);
  const auto all = metrics::declared();
  for (const auto* family : all) (void)room_of(*family);
  for (const auto& room : kRooms) {
    out += fmt::format("\n## {}\n\n| name | kind | one is | meaning | labels | shown by |\n|---|---|---|---|---|---|\n",
                       room.title);
    for (const auto* family : all) {
      if (&room_of(*family) == &room) out += row_of(*family);
    }
  }
  return out;
}

}  // namespace guidepost::app
