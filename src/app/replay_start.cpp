#include "app/replay_start.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "base/text.hpp"
#include "guidepost/event/block.hpp"
#include "worker/ingest/ingest_recovery.hpp"

namespace guidepost::app {
namespace {

using std::chrono::hours;

/// A block lies in the resolved log behind what it decides about, but for clocks of brokers that differ.
constexpr hours kClocks{1};

/// The border between two blocks, and the mapping run that holds there.
struct Border {
  Offset at;
  RunId run;
};

/// Reads one source's logs. Thread: one. Blocks: yes.
class StartFinder {
 public:
  StartFinder(Node& node, const SourceStanding& standing, const std::stop_token& cancelled)
      : node_(node),
        standing_(standing),
        cancelled_(cancelled),
        raw_{node.names().raw_topic(), standing.source.partition},
        resolved_{node.names().resolved_topic(), standing.source.partition} {}

  Result<SourceStart> find(const ReplayStart& wanted);

 private:
  Offset counted_to() const { return standing_.durable ? standing_.durable->offset : standing_.floor; }
  Result<Offset> asked_for(const ReplayStart& wanted);
  Result<Offset> earliest(const worker::StateTable::Beginning& beginning);
  Result<TimeMs> time_at(Offset offset);
  Result<Offset> offset_at(const TopicPartition& partition, TimeMs time);
  Result<std::optional<Border>> border_at(Offset from, TimeMs time);
  Result<std::optional<Border>> border_from(Offset resolved, Offset from);
  Result<std::string> commit_at(Offset from, RunId run);

  Node& node_;
  const SourceStanding& standing_;
  const std::stop_token& cancelled_;
  TopicPartition raw_;
  TopicPartition resolved_;
};

Result<SourceStart> StartFinder::find(const ReplayStart& wanted) {
  worker::StateTable state(node_.tables(), node_.names());
  const auto beginning = ask<worker::StateTable::Beginning>(
      [&](auto done) { state.beginning(standing_.source.number, std::move(done)); }, cancelled_);
  if (!beginning) return tl::unexpected(beginning.error());
  const auto asked = asked_for(wanted);
  if (!asked) return tl::unexpected(asked.error());
  const auto first = earliest(*beginning);
  if (!first) return tl::unexpected(first.error());
  SourceStart start;
  start.later = *asked < *first && !wanted.earliest();
  start.from = std::max(std::min(std::max(*asked, *first), counted_to()), beginning->known_from);
  if (start.from == beginning->known_from) {
    start.commit = worker::IngestCommit{standing_.source.number, {}, {}, start.from}.encode();
  } else if (start.from == beginning->floor) {
    start.commit = beginning->commit;
  } else {
    const auto near = time_at(start.from);
    if (!near) return tl::unexpected(near.error());
    const auto border = border_at(start.from, *near);
    if (!border) return tl::unexpected(border.error());
    start.run_known = *border && (*border)->at >= *first;
    if (start.run_known) start.from = (*border)->at;
    const auto commit = commit_at(start.from, start.run_known ? (*border)->run : RunId{0});
    if (!commit) return tl::unexpected(commit.error());
    start.commit = *commit;
  }
  const auto time = time_at(start.from);
  if (!time) return tl::unexpected(time.error());
  start.time = *time;
  return start;
}

Result<Offset> StartFinder::asked_for(const ReplayStart& wanted) {
  if (wanted.earliest()) return standing_.raw.begin;
  if (wanted.time) return offset_at(raw_, *wanted.time);
  const auto of_partition = wanted.offsets.find(standing_.source.partition);
  if (of_partition != wanted.offsets.end()) return of_partition->second;
  return wanted.offset.value_or(counted_to());
}

/// The first offset whose windows the log still holds whole: where retention took something that was read once, that is
/// behind the reach of what is gone.
Result<Offset> StartFinder::earliest(const worker::StateTable::Beginning& beginning) {
  const auto begin = standing_.raw.begin;
  const auto options = ingest_options_of(node_.config());
  if (beginning.known_from >= begin || options.accept_cut_window) return begin;
  const auto oldest = time_at(begin);
  if (!oldest) return tl::unexpected(oldest.error());
  const auto by_time = offset_at(raw_, *oldest + worker::kHorizonsRead * options.dedupe_horizon);
  if (!by_time) return tl::unexpected(by_time.error());
  return std::min(*by_time, begin + (options.dedupe_offsets + 2 * options.sessions.offsets));
}

/// When the log received what is there, or next behind it; at the end, now.
Result<TimeMs> StartFinder::time_at(Offset offset) {
  const auto reader = node_.log().read(raw_, offset);
  for (auto at = offset; at < standing_.raw.end;) {
    const auto batch = ask<std::unique_ptr<LogBatch>>(
        [&](auto done) { reader->fetch({.max_records = 1}, std::move(done)); }, cancelled_);
    if (!batch) return tl::unexpected(batch.error());
    if (!(*batch)->records().empty()) return (*batch)->records().front().time;
    at = (*batch)->next();
  }
  return inline_executor().wall();
}

Result<Offset> StartFinder::offset_at(const TopicPartition& partition, TimeMs time) {
  return ask<Offset>([&](auto done) { node_.log().offset_at(partition, time, std::move(done)); }, cancelled_);
}

Result<std::optional<Border>> StartFinder::border_at(Offset from, TimeMs time) {
  const auto near = offset_at(resolved_, time - kClocks);
  if (!near) return tl::unexpected(near.error());
  auto border = border_from(*near, from);
  if (!border || *border || *near <= standing_.resolved.begin) return border;
  return border_from(standing_.resolved.begin, from);
}

/// The last border at or below `from` that the resolved log shows from `resolved` on. Nothing: it has none.
Result<std::optional<Border>> StartFinder::border_from(Offset resolved, Offset from) {
  const auto reader = node_.log().read(resolved_, resolved);
  std::optional<Border> border;
  for (auto at = resolved; at < standing_.resolved.end;) {
    const auto batch =
        ask<std::unique_ptr<LogBatch>>([&](auto done) { reader->fetch({}, std::move(done)); }, cancelled_);
    if (!batch) return tl::unexpected(batch.error());
    for (const auto& record : (*batch)->records()) {
      const auto block = event::Block::decode(record.value);
      if (!block) return tl::unexpected(block.error());
      const auto& d = block->decisions();
      if (d.source != standing_.source.number) continue;
      if (d.to > from) return border;
      if (!border || d.to > border->at) border = Border{d.to, d.run};
    }
    at = (*batch)->next();
  }
  return border;
}

/// What the published version's ingest had committed at `from`: its rules are those of its last commit, as far back as
/// sessions were cut by them.
Result<std::string> StartFinder::commit_at(Offset from, RunId run) {
  const auto last = ask<std::optional<Commit>>(
      [&](auto done) { node_.log().committed(node_.names().ingest_group(), raw_, std::move(done)); }, cancelled_);
  if (!last) return tl::unexpected(last.error());
  worker::IngestCommit commit{standing_.source.number, run, RulesHash{}, from};
  const auto known = *last ? worker::IngestCommit::decode((*last)->metadata) : std::nullopt;
  if (known && known->source == standing_.source.number && known->sessions_from <= from) {
    commit.rules = known->rules;
    commit.sessions_from = known->sessions_from;
  }
  return commit.encode();
}

}  // namespace

std::string ReplayStart::words() const {
  if (time) return "records of " + text::rfc3339(*time) + " on";
  if (offset) return fmt::format("offset {}", offset->value);
  std::string words;
  for (const auto& [partition, at] : offsets)
    words += fmt::format("{}offset {} of partition {}", words.empty() ? "" : ", ", at.value, partition.value);
  return words.empty() ? "the beginning of the log" : words;
}

Result<SourceStart> find_start(Node& node, const SourceStanding& standing, const ReplayStart& wanted,
                               const std::stop_token& cancelled) {
  return StartFinder(node, standing, cancelled).find(wanted);
}

}  // namespace guidepost::app
