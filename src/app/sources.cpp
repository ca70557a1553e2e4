#include "app/sources.hpp"

#include <algorithm>
#include <map>

#include "app/ask.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {
namespace {

constexpr std::chrono::milliseconds kYoung{std::chrono::seconds{10}};

/// Totals of all days, by source.
Result<std::map<SourceId, event::LedgerCounts>> ledger_totals(Node& node, const std::stop_token& cancelled) {
  std::map<SourceId, event::LedgerCounts> totals;
  ScanRequest request{.start = {},
                      .stop = {},
                      .cells = {.family = std::string(event::kLedgerFamily),
                                .qualifiers = {std::string(event::kLedgerTotal)},
                                .time = {}},
                      .max_rows = 500};
  do {
    const auto page = ask<ScanPage>(
        [&](auto done) { node.tables().scan(node.names().ledger(), request, std::move(done)); }, cancelled);
    if (!page) return tl::unexpected(page.error());
    for (const auto& row : page->rows) {
      const auto key = event::parse_ledger_row(row.key);
      if (!key) return tl::unexpected(key.error());
      const auto counts = event::decode_ledger(row.cells.front().value);
      if (!counts) return tl::unexpected(counts.error());
      totals[key->source] += *counts;
    }
    request.start = page->next;
  } while (!request.start.empty());
  return totals;
}

/// Fills in one source; asks one thing after the other, the first failure ends it.
class StandingReader {
 public:
  StandingReader(Node& node, const std::stop_token& cancelled)
      : node_(node), cancelled_(cancelled), state_(node.tables(), node.names()) {}

  Result<void> read(SourceStanding& to) {
    const auto number = to.source.number;
    const auto durable =
        get<std::optional<worker::DurablePosition>>([&](auto done) { state_.durable(number, std::move(done)); });
    if (!durable) return tl::unexpected(durable.error());
    to.durable = *durable;
    const auto beginning =
        get<worker::StateTable::Beginning>([&](auto done) { state_.beginning(number, std::move(done)); });
    if (!beginning) return tl::unexpected(beginning.error());
    to.floor = beginning->floor;
    to.known_from = beginning->known_from;
    to.floor_commit = beginning->commit;
    const auto marker = get<std::optional<worker::StateTable::PassedMarker>>(
        [&](auto done) { state_.passed_marker(number, std::move(done)); });
    if (!marker) return tl::unexpected(marker.error());
    to.marker = *marker;
    return to.current ? read_logs(to) : Result<void>();
  }

 private:
  template <class T, class Start>
  Result<T> get(Start start) {
    return ask<T>(std::move(start), cancelled_);
  }

  Result<void> read_logs(SourceStanding& to) {
    auto& log = node_.log();
    const auto& names = node_.names();
    const TopicPartition raw{names.raw_topic(), to.source.partition},
        resolved{names.resolved_topic(), to.source.partition};
    const auto decided =
        get<std::optional<Commit>>([&](auto done) { log.committed(names.ingest_group(), raw, std::move(done)); });
    if (!decided) return tl::unexpected(decided.error());
    if (*decided) to.decided = (*decided)->position;
    const auto applied = get<std::optional<Commit>>(
        [&](auto done) { log.committed(names.aggregate_group(), resolved, std::move(done)); });
    if (!applied) return tl::unexpected(applied.error());
    if (*applied) to.applied = (*applied)->position;
    const auto raw_bounds = get<LogBounds>([&](auto done) { log.bounds(raw, std::move(done)); });
    if (!raw_bounds) return tl::unexpected(raw_bounds.error());
    to.raw = *raw_bounds;
    const auto resolved_bounds = get<LogBounds>([&](auto done) { log.bounds(resolved, std::move(done)); });
    if (!resolved_bounds) return tl::unexpected(resolved_bounds.error());
    to.resolved = *resolved_bounds;
    return look_what_waits(to);
  }

  /// A source in which nothing had happened is not late by that: only the log knows since when the next record waits. Not
  /// asked where the last one in the tables is young: that says as much.
  Result<void> look_what_waits(SourceStanding& to) {
    const bool is_young = to.durable && inline_executor().wall() - to.durable->record_time < kYoung;
    // Of what retention has taken nobody knows any more since when it waited.
    if (to.lag() <= 0 || is_young || to.counted() < to.raw.begin) return {};
    const auto reader = node_.log().read({node_.names().raw_topic(), to.source.partition}, to.counted());
    auto batch = get<std::unique_ptr<LogBatch>>([&](auto done) { reader->fetch({.max_records = 1}, std::move(done)); });
    // What retention has just taken away is no failure of those who look on.
    if (!batch && batch.error().code == ErrorCode::kOutOfRange) return {};
    if (!batch) return tl::unexpected(batch.error());
    if (!(*batch)->records().empty()) to.waiting_since = (*batch)->records().front().time;
    return {};
  }

  Node& node_;
  const std::stop_token& cancelled_;
  worker::StateTable state_;
};

}  // namespace

Result<std::vector<worker::Source>> registered_sources(Node& node, const std::stop_token& cancelled) {
  worker::StateTable state(node.tables(), node.names());
  return ask<std::vector<worker::Source>>([&](auto done) { state.sources(std::move(done)); }, cancelled);
}

Result<std::vector<SourceStanding>> source_standings(Node& node, const std::stop_token& cancelled) {
  const auto sources = registered_sources(node, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  const auto topic = ask<std::optional<TopicState>>(
      [&](auto done) { node.log().describe_topic(node.names().raw_topic(), std::move(done)); }, cancelled);
  if (!topic) return tl::unexpected(topic.error());
  const auto ledger = ledger_totals(node, cancelled);
  if (!ledger) return tl::unexpected(ledger.error());
  std::vector<SourceStanding> standings;
  StandingReader reader(node, cancelled);
  for (const auto& source : *sources) {
    SourceStanding standing;
    standing.source = source;
    standing.current = *topic && (*topic)->id == source.topic_id && source.topic == (*topic)->name;
    if (const auto it = ledger->find(source.number); it != ledger->end()) standing.ledger = it->second;
    if (const auto read = reader.read(standing); !read) return tl::unexpected(read.error());
    standings.push_back(std::move(standing));
  }
  std::sort(standings.begin(), standings.end(),
            [](const auto& a, const auto& b) { return a.source.number < b.source.number; });
  return standings;
}

std::optional<TimeMs> counted_until(const SourceStanding& source, TimeMs now) {
  if (source.lag() <= 0) return now;
  if (!source.durable || source.durable->record_time == TimeMs{}) return std::nullopt;
  return source.waiting_since.value_or(source.durable->record_time);
}

std::optional<TimeMs> counted_until(const std::vector<SourceStanding>& sources, TimeMs now) {
  auto until = now;
  bool any = false;
  for (const auto& s : sources) {
    if (!s.current) continue;
    any |= s.raw.end > Offset{0};
    const auto of_source = counted_until(s, now);
    if (!of_source) return std::nullopt;
    until = std::min(until, *of_source);
  }
  return any ? std::optional(until) : std::nullopt;
}

std::chrono::milliseconds longest_session_gap(Node& node, std::uint32_t version, const std::stop_token& cancelled) {
  worker::VersionTable table(node.tables(), node.names());
  const auto record =
      ask<std::optional<worker::VersionRecord>>([&](auto done) { table.version(version, std::move(done)); }, cancelled);
  const bool of_another = record && *record && ((*record)->base || (*record)->rest);
  return of_another ? std::chrono::hours{24} : node.config().sessions.gap;
}

}  // namespace guidepost::app
