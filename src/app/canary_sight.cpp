#include "app/canary_sight.hpp"

#include <algorithm>

#include "app/ask.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "verify/stored_rows.hpp"
#include "worker/state_table.hpp"

namespace guidepost::app {
namespace {

/// The next look is soon.
constexpr std::chrono::seconds kLittlePatience{5};

/// The events of a page as a query adds them up: of all traffic, in total.
std::int64_t events_of(const rollup::StoredChunk& chunk) {
  std::int64_t events = 0;
  for (const auto& entry : chunk.entries) {
    if (entry.dimension == rollup::Dimension::kTotal)
      events += entry.counters[static_cast<std::size_t>(rollup::Counter::kEvents)];
  }
  return events;
}

Result<std::map<SourceId, CanaryNumber>> read_numbers(TableStore& tables, const Names& names,
                                                      const std::string& merchant, Bucket bucket,
                                                      const std::stop_token& cancelled) {
  std::map<SourceId, CanaryNumber> numbers;
  const RowGet wanted{rollup::page_row(merchant, rollup::Span::kBucket, bucket),
                      {.family = std::string(rollup::kPageFamily), .qualifiers = {}, .time = {}}};
  const auto rows = ask<std::vector<Row>>(
      [&](auto done) { tables.get(names.rollups(Month::of(bucket.start())), {wanted}, std::move(done)); }, cancelled);
  // The month's first page makes its table.
  if (!rows && rows.error().code == ErrorCode::kNotFound) return numbers;
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& cell : rows->front().cells) {
    const auto name = rollup::parse_page_qualifier(cell.qualifier);
    if (!name) return tl::unexpected(name.error());
    if (name->first.chunk != 0) continue;  // the totals are in chunk 0
    const auto chunk = rollup::decode_chunk(cell.value);
    if (!chunk) return tl::unexpected(chunk.error());
    numbers[name->second] = {chunk->position, events_of(*chunk)};
  }
  return numbers;
}

Result<std::vector<CanaryRow>> read_rows(TableStore& tables, const Names& names, const std::string& merchant,
                                         Bucket bucket) {
  verify::VerifyOptions options;
  options.patience.give_up_after = kLittlePatience;
  verify::VerifyReport report;
  verify::Findings unreadable(options, report);
  verify::StoredRows stored(tables, names, merchant, unreadable);
  if (auto opened = stored.open(); !opened) return tl::unexpected(opened.error());
  std::vector<CanaryRow> rows;
  const auto from = bucket.start();
  const auto read = stored.read(from, from + Bucket::kSpan, {}, [&](const event::StoredEvent& row) {
    rows.push_back({std::string(row.event.text[event::Field::kEventId]), row.source, row.event.offset});
  });
  if (!read) return tl::unexpected(read.error());
  if (!report.agrees()) return fail(ErrorCode::kCorrupt, to_string(report.differences.front()));
  return rows;
}

}  // namespace

Result<CanarySight> see_canary(TableStore& tables, const Names& names, const std::string& merchant, Bucket bucket,
                               const std::stop_token& cancelled) {
  auto numbers = read_numbers(tables, names, merchant, bucket, cancelled);
  if (!numbers) return tl::unexpected(numbers.error());
  auto rows = read_rows(tables, names, merchant, bucket);
  if (!rows) return tl::unexpected(rows.error());
  return CanarySight{std::move(*numbers), std::move(*rows)};
}

Result<std::vector<CanaryRefusal>> see_refusals(TableStore& tables, const Names& names, const std::string& merchant,
                                                TimeMs time, const std::stop_token& cancelled) {
  // They are filed by the log's clock, and a wrong clock is one of the reasons.
  constexpr std::chrono::hours kWrongBy{1};
  ScanRequest request{.start = event::bad_row_start(merchant, time - kWrongBy),
                      .stop = after_prefix(merchant + std::string(1, '\0')),
                      .cells = {},
                      .max_rows = 500};
  std::vector<CanaryRefusal> refusals;
  do {
    const auto page = ask<ScanPage>([&](auto done) { tables.scan(names.bad(), request, std::move(done)); }, cancelled);
    if (!page) return tl::unexpected(page.error());
    for (const auto& row : page->rows) {
      const auto bad = event::parse_bad_row(row);
      if (!bad) return tl::unexpected(bad.error());
      refusals.push_back({std::string(event::to_string(bad->bad.reason)), std::string(bad->bad.bytes)});
    }
    request.start = page->next;
  } while (!request.start.empty());
  return refusals;
}

Result<std::map<Partition, Offset>> ends_behind(EventLog& log, const std::string& raw_topic,
                                                const std::vector<CanaryEvent>& events,
                                                const std::stop_token& cancelled) {
  std::map<Partition, Offset> ends;
  for (const auto& event : events) {
    if (ends.contains(event.partition)) continue;
    const auto bounds =
        ask<LogBounds>([&](auto done) { log.bounds({raw_topic, event.partition}, std::move(done)); }, cancelled);
    if (!bounds) return tl::unexpected(bounds.error());
    ends[event.partition] = bounds->end;
  }
  return ends;
}

Result<std::map<Partition, CanaryProgress>> progress_of(EventLog& log, TableStore& tables, const Names& names,
                                                        const std::map<Partition, Offset>& ends,
                                                        const std::stop_token& cancelled) {
  std::map<Partition, CanaryProgress> progress;
  for (const auto& [partition, end] : ends) {
    const auto decided = ask<std::optional<Commit>>(
        [&, p = partition](auto done) { log.committed(names.ingest_group(), {names.raw_topic(), p}, std::move(done)); },
        cancelled);
    if (!decided) return tl::unexpected(decided.error());
    progress[partition] = {end, *decided ? (*decided)->position : Offset{0}, Offset{0}};
  }
  const auto topic = ask<std::optional<TopicState>>(
      [&](auto done) { log.describe_topic(names.raw_topic(), std::move(done)); }, cancelled);
  if (!topic) return tl::unexpected(topic.error());
  worker::StateTable state(tables, names);
  const auto sources = ask<std::vector<worker::Source>>([&](auto done) { state.sources(std::move(done)); }, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  for (const auto& source : *sources) {
    const auto at = progress.find(source.partition);
    const bool current = *topic && source.topic == (*topic)->name && source.topic_id == (*topic)->id;
    if (!current || at == progress.end()) continue;
    const auto durable = ask<std::optional<worker::DurablePosition>>(
        [&](auto done) { state.durable(source.number, std::move(done)); }, cancelled);
    if (!durable) return tl::unexpected(durable.error());
    if (!*durable) continue;
    at->second.stored = (*durable)->offset;
    // Of two that were asked one after the other, the later answer may be ahead.
    at->second.decided = std::max(at->second.decided, at->second.stored);
  }
  return progress;
}

}  // namespace guidepost::app
