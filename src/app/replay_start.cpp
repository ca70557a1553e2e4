#include "app/replay_start.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "guidepost/event/block.hpp"
#include "worker/ingest/ingest_recovery.hpp"

namespace guidepost::app {
namespace {

using worker::IngestCommit;

/// How far before a block the one is looked for that ends where it begins: a restart repeats some.
constexpr std::int64_t kBlocksBack = 64;

/// What a block says of itself.
struct BlockHead {
  Offset at;  ///< in the resolved log
  SourceId source;
  Offset from;
  Offset to;
  RunId run;  ///< at `to`
};

/// The block that an offset lies in, and the mapping run that held at its beginning.
struct Around {
  std::optional<BlockHead> block;  ///< nothing: the offset is the end of what is decided
  std::optional<RunId> run;
};

/// Reads one source's logs. Thread: one. Blocks: yes.
class StartFinder {
 public:
  StartFinder(Node& node, const SourceStanding& standing, RunId least_run, const std::stop_token& cancelled)
      : node_(node),
        standing_(standing),
        least_run_(least_run),
        cancelled_(cancelled),
        raw_{node.names().raw_topic(), standing.source.partition},
        resolved_{node.names().resolved_topic(), standing.source.partition} {}

  Result<SourceStart> find(const ReplayStart& wanted);

 private:
  Offset counted_to() const { return standing_.durable ? standing_.durable->offset : standing_.floor; }
  Result<Offset> asked_for(const ReplayStart& wanted);
  Result<Offset> earliest();
  Result<Offset> first_block();
  Result<TimeMs> time_at(Offset offset);
  Result<Offset> offset_at(TimeMs time);
  Result<void> align(SourceStart& start, Offset first);
  Result<Around> around(Offset from);
  Result<std::optional<BlockHead>> block_at(Offset resolved);
  Result<std::string> commit_at(Offset from, RunId run);

  Node& node_;
  const SourceStanding& standing_;
  RunId least_run_;
  const std::stop_token& cancelled_;
  TopicPartition raw_;
  TopicPartition resolved_;
};

Result<SourceStart> StartFinder::find(const ReplayStart& wanted) {
  const auto asked = asked_for(wanted);
  if (!asked) return tl::unexpected(asked.error());
  auto first = earliest();
  if (!first) return tl::unexpected(first.error());
  if (wanted.needs_blocks) {
    const auto kept = first_block();
    if (!kept) return tl::unexpected(kept.error());
    first = std::max(*first, *kept);
  }
  if (counted_to() < *first) {
    return fail(
        ErrorCode::kOutOfRange,
        fmt::format("partition {}: the published version has counted up to offset {}, and of what it counted the "
                    "log no longer holds what deciding it again needs, which begins at {}",
                    standing_.source.partition.value, counted_to().value, first->value));
  }
  SourceStart start;
  start.first = *first;
  start.from = std::max(std::min(std::max(*asked, *first), counted_to()), standing_.known_from);
  if (start.from > standing_.known_from && start.from != standing_.floor) {
    if (const auto aligned = align(start, *first); !aligned) return tl::unexpected(aligned.error());
  } else {
    IngestCommit commit{standing_.source.number, {}, {RulesHash{}, start.from}};
    if (start.from == standing_.floor) {
      commit = IngestCommit::decode(standing_.floor_commit).value_or(commit);
      commit.run = std::max(commit.run, least_run_);
    }
    start.commit = commit.encode();
  }
  start.later = *asked < *first && !wanted.earliest();
  const auto time = time_at(start.from);
  if (!time) return tl::unexpected(time.error());
  start.time = *time;
  return start;
}

Result<Offset> StartFinder::asked_for(const ReplayStart& wanted) {
  if (wanted.earliest()) return standing_.raw.begin;
  if (wanted.time) return offset_at(*wanted.time);
  const auto of_partition = wanted.offsets.find(standing_.source.partition);
  if (of_partition != wanted.offsets.end()) return of_partition->second;
  return wanted.offset.value_or(counted_to());
}

/// The first offset whose windows the log still holds whole: where retention took something that was read once, that is
/// behind the reach of what is gone, and a tenth of what is there behind that, for what retention takes meanwhile.
Result<Offset> StartFinder::earliest() {
  const auto begin = standing_.raw.begin;
  const auto options = ingest_options_of(node_.config());
  if (standing_.known_from >= begin || options.accept_cut_window) return begin;
  const auto oldest = time_at(begin);
  if (!oldest) return tl::unexpected(oldest.error());
  const auto spare = (inline_executor().wall() - *oldest) / 10;
  const auto by_time = offset_at(*oldest + worker::kHorizonsRead * options.dedupe_horizon + spare);
  if (!by_time) return tl::unexpected(by_time.error());
  const auto later = offset_at(*oldest + spare);
  if (!later) return tl::unexpected(later.error());
  return std::min(*by_time, *later + (options.dedupe_offsets + 2 * options.sessions.offsets));
}

/// Where the blocks begin that the published version's resolved log still holds.
Result<Offset> StartFinder::first_block() {
  auto at = standing_.resolved.begin;
  while (true) {
    const auto block = block_at(at);
    if (!block) return tl::unexpected(block.error());
    if (!*block) return counted_to();
    if ((*block)->source == standing_.source.number) return (*block)->from;
    at = (*block)->at + 1;
  }
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

Result<Offset> StartFinder::offset_at(TimeMs time) {
  return ask<Offset>([&](auto done) { node_.log().offset_at(raw_, time, std::move(done)); }, cancelled_);
}

/// Moves the start to a border of blocks whose mapping run is known: back to the beginning of its block, or, where that is
/// before `first`, on to its end.
Result<void> StartFinder::align(SourceStart& start, Offset first) {
  const auto found = around(start.from);
  if (!found) return tl::unexpected(found.error());
  const auto& [block, run_before] = *found;
  auto run = run_before;
  if (block && (block->from < first || !run) && block->to <= counted_to()) {
    start.from = block->to;
    run = block->run;
  } else if (block && run) {
    start.from = block->from;
  }
  start.run_known = run.has_value();
  const auto commit = commit_at(start.from, run.value_or(RunId{0}));
  if (!commit) return tl::unexpected(commit.error());
  start.commit = *commit;
  return {};
}

/// Blocks lie in the order of their offsets, but for some that a restart repeats: halving finds one of the places.
Result<Around> StartFinder::around(Offset from) {
  auto low = standing_.resolved.begin;
  auto high = standing_.resolved.end;
  while (low < high) {
    const Offset middle{low.value + (high.value - low.value) / 2};
    const auto block = block_at(middle);
    if (!block) return tl::unexpected(block.error());
    // Blocks of a topic of the same name that is no more lie before.
    const bool behind = !*block || (*block)->at >= high || (*block)->source > standing_.source.number ||
                        ((*block)->source == standing_.source.number && (*block)->to > from);
    behind ? high = middle : low = (*block)->at + 1;
  }
  Around found;
  auto at = std::max(standing_.resolved.begin, Offset{low.value - kBlocksBack});
  std::optional<BlockHead> last;
  while (at < standing_.resolved.end) {
    auto block = block_at(at);
    if (!block) return tl::unexpected(block.error());
    if (!*block) break;
    at = (*block)->at + 1;
    if ((*block)->source != standing_.source.number) continue;
    if ((*block)->to > from) {
      if ((*block)->from <= from) found.block = **block;
      break;
    }
    if (!last || (*block)->to >= last->to) last = **block;
  }
  const auto begins = found.block ? found.block->from : from;
  if (last && last->to == begins) found.run = last->run;
  if (begins == standing_.floor) {
    const auto commit = IngestCommit::decode(standing_.floor_commit);
    found.run = std::max(commit ? commit->run : RunId{0}, least_run_);
  }
  return found;
}

/// The first block at or behind an offset of the resolved log; nothing: there is none.
Result<std::optional<BlockHead>> StartFinder::block_at(Offset resolved) {
  const auto reader = node_.log().read(resolved_, resolved);
  for (auto at = resolved; at < standing_.resolved.end;) {
    const auto batch = ask<std::unique_ptr<LogBatch>>(
        [&](auto done) { reader->fetch({.max_records = 1}, std::move(done)); }, cancelled_);
    if (!batch) return tl::unexpected(batch.error());
    for (const auto& record : (*batch)->records()) {
      const auto block = event::Block::decode(record.value);
      if (!block) return tl::unexpected(block.error());
      const auto& d = block->decisions();
      return BlockHead{record.offset, d.source, d.from, d.to, d.run};
    }
    at = (*batch)->next();
  }
  return std::optional<BlockHead>();
}

/// What the published version's ingest had committed at `from`: its rules are those of its last commit, as far back as
/// sessions were cut by them.
Result<std::string> StartFinder::commit_at(Offset from, RunId run) {
  const auto last = ask<std::optional<Commit>>(
      [&](auto done) { node_.log().committed(node_.names().ingest_group(), raw_, std::move(done)); }, cancelled_);
  if (!last) return tl::unexpected(last.error());
  IngestCommit commit{standing_.source.number, run, {RulesHash{}, from}};
  const auto known = *last ? IngestCommit::decode((*last)->metadata) : std::nullopt;
  if (known && known->source == standing_.source.number && known->era.from <= from) commit.era = known->era;
  return commit.encode();
}

}  // namespace

Result<SourceStart> find_start(Node& node, const SourceStanding& standing, const ReplayStart& wanted, RunId least_run,
                               const std::stop_token& cancelled) {
  return StartFinder(node, standing, least_run, cancelled).find(wanted);
}

}  // namespace guidepost::app
