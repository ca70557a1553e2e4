#include "app/replay_fill.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>
#include <vector>

#include "app/ask.hpp"
#include "app/decide_again.hpp"
#include "app/options.hpp"
#include "app/sources.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/block.hpp"
#include "worker/chain.hpp"
#include "worker/ingest/block_pieces.hpp"
#include "worker/ingest/ingest_recovery.hpp"

namespace guidepost::app {
namespace {

using event::Decisions;
using event::Field;
using worker::IngestCommit;

constexpr FetchLimits kFetch{
    .max_records = 64, .max_bytes = Bytes{4 * 1024 * 1024}, .max_wait = std::chrono::milliseconds{200}};

/// The chain of blocks of one source in a resolved log, from an offset to its end.
class ChainBlocks {
 public:
  ChainBlocks(Node& node, TopicPartition resolved, LogBounds bounds, SourceId source, Offset from,
              const std::stop_token& cancelled)
      : reader_(node.log().read(resolved, bounds.begin)),
        partition_(resolved.partition),
        at_(bounds.begin),
        end_(bounds.end),
        source_(source),
        from_(from),
        cancelled_(cancelled) {}

  /// The next one that counts and reaches behind the beginning; null at the end. Valid until the next call. `chain()` is where
  /// it begins to count.
  Result<const Decisions*> next() {
    if (block_) offset_ = block_->decisions().to, era_ = block_->decisions().era, run_ = block_->decisions().run;
    while (true) {
      if (!batch_ || place_ == batch_->records().size()) {
        if (at_ >= end_) return nullptr;
        auto batch =
            ask<std::unique_ptr<LogBatch>>([&](auto done) { reader_->fetch(kFetch, std::move(done)); }, cancelled_);
        if (!batch) return tl::unexpected(batch.error());
        batch_ = std::move(*batch);
        at_ = batch_->next();
        place_ = 0;
        continue;
      }
      const auto& record = batch_->records()[place_++];
      if (record.offset >= end_) return nullptr;  // what came since is not for this
      auto block = event::Block::decode(record.value);
      if (!block) return tl::unexpected(block.error());
      const auto& d = block->decisions();
      if (d.source != source_) continue;
      auto fits = offset_ ? worker::fit(*offset_, era_, d) : worker::Fit::kGoesOn;
      if (fits == worker::Fit::kGap) {
        // Retention took what was before, and left a repeat of it.
        if (*offset_ >= from_) return gone(*offset_, d.from);
        fits = worker::Fit::kGoesOn;
      }
      if (fits != worker::Fit::kGoesOn) continue;
      if (d.to <= from_) {
        offset_ = d.to, era_ = d.era, run_ = d.run;
        continue;
      }
      if (!offset_ || *offset_ < d.from) offset_ = d.from;
      if (std::max(*offset_, from_) > from_ && !begun_) return gone(from_, *offset_);
      begun_ = true;
      block_ = std::move(*block);
      return &block_->decisions();
    }
  }

  Offset chain() const { return std::max(offset_.value_or(from_), from_); }
  RunId run() const { return run_; }  ///< that held there

 private:
  tl::unexpected<Error> gone(Offset from, Offset to) const {
    return fail(ErrorCode::kOutOfRange,
                fmt::format("partition {}: what the published version decided of offsets [{}, {}) is no longer in its "
                            "resolved log: begin later, or replay all of it",
                            partition_.value, from.value, to.value));
  }

  std::unique_ptr<LogReader> reader_;
  Partition partition_;
  Offset at_;
  Offset end_;
  SourceId source_;
  Offset from_;
  const std::stop_token& cancelled_;
  std::unique_ptr<LogBatch> batch_;
  std::size_t place_ = 0;
  std::optional<event::Block> block_;
  std::optional<Offset> offset_;
  std::optional<event::Era> era_;
  RunId run_;
  bool begun_ = false;
};

/// Where sessions begin anew, and what is known there.
struct EraBegin {
  Offset at;
  event::Era era;
  RunId run;
};

/// Merges one source's decisions of then and of now.
class Filler {
 public:
  Filler(Node& node, const worker::VersionRecord& version, const std::function<void(std::uint64_t)>& progress,
         const std::stop_token& cancelled)
      : node_(node),
        merchant_(version.merchant),
        base_(node.names()),
        next_(node.names()),
        encoded_(ingest_options_of(node.config()).block.encoded),
        least_run_(version.least_run.value_or(RunId{0})),
        progress_(progress),
        cancelled_(cancelled),
        producer_(node.log().producer({})) {
    base_.version = version.rest.value_or(base_.version);
    next_.version = version.version;
    if (version.until) until_ = ReplayUntil::decode(*version.until);
  }

  Result<void> source(DecideAgain& again, const SourceStanding& standing);

 private:
  Result<void> look_at_chain();
  Result<void> merge(Decisions& now);
  Result<void> merge(const Decisions& then, const Decisions& now);
  Result<bool> is_of_part(Offset offset, std::string_view then, std::string_view now) const;
  Result<void> send(Decisions merged);
  bool is_asked_for(std::string_view merchant) const { return !merchant_ || merchant == *merchant_; }
  ChainBlocks chain() const {
    return {node_, {base_.resolved_topic(), partition_}, resolved_, source_, from_, cancelled_};
  }

  Node& node_;
  std::optional<std::string> merchant_;
  std::optional<ReplayUntil> until_;
  Names base_;
  Names next_;
  Bytes encoded_;
  RunId least_run_;
  const std::function<void(std::uint64_t)>& progress_;
  const std::stop_token& cancelled_;
  std::unique_ptr<LogProducer> producer_;
  std::uint64_t records_ = 0;

  // Of the source.
  SourceId source_;
  Partition partition_;
  LogBounds resolved_;
  Offset from_;
  Offset part_end_;
  RulesHash rules_;
  std::optional<event::Era> floor_era_;
  std::vector<EraBegin> eras_;
  Offset decided_;  // by the base
  RunId run_;  // at the beginning of what is merged next
  std::optional<ChainBlocks> then_;
  const Decisions* block_ = nullptr;  // of then_
};

/// Where the base's eras begin, and where its chain ends.
Result<void> Filler::look_at_chain() {
  eras_.clear();
  decided_ = from_;
  auto blocks = chain();
  while (true) {
    const auto block = blocks.next();
    if (!block) return tl::unexpected(block.error());
    if (*block == nullptr) return {};
    if (eras_.empty() || (*block)->era != eras_.back().era)
      eras_.push_back({blocks.chain(), (*block)->era, blocks.run()});
    decided_ = (*block)->to;
  }
}

Result<void> Filler::source(DecideAgain& again, const SourceStanding& standing) {
  source_ = standing.source.number;
  partition_ = standing.source.partition;
  const auto resolved = ask<LogBounds>(
      [&](auto done) { node_.log().bounds({base_.resolved_topic(), partition_}, std::move(done)); }, cancelled_);
  if (!resolved) return tl::unexpected(resolved.error());
  resolved_ = *resolved;
  rules_ = again.rules();
  worker::StateTable state(node_.tables(), next_);
  const auto beginning =
      ask<worker::StateTable::Beginning>([&](auto done) { state.beginning(source_, std::move(done)); }, cancelled_);
  if (!beginning) return tl::unexpected(beginning.error());
  from_ = beginning->floor;
  if (from_ < standing.raw.begin) {
    return fail(
        ErrorCode::kOutOfRange,
        fmt::format("partition {}: the raw log begins at {} by now, and the version at {}: drop it, and begin later",
                    partition_.value, standing.raw.begin.value, from_.value));
  }
  auto commit = IngestCommit::decode(beginning->commit);
  floor_era_ = commit ? std::optional(commit->era) : std::nullopt;
  const auto part_end =
      until_ ? until_of(node_.log(), {base_.raw_topic(), partition_}, *until_, standing.raw.end, cancelled_)
             : Result<Offset>(standing.raw.end);
  if (!part_end) return tl::unexpected(part_end.error());
  if (auto looked = look_at_chain(); !looked) return looked;
  part_end_ = until_ ? *part_end : decided_;
  if (decided_ <= from_) return {};
  run_ = std::max(commit ? commit->run : RunId{0}, least_run_);
  then_.emplace(chain());
  block_ = nullptr;
  const auto wanted = [&](const event::Accepted& e) { return is_asked_for(e.text[Field::kMerchant]); };
  const auto visit = [&](Decisions& now, std::span<const LogRecord>) { return merge(now); };
  // Where the base began anew by the rules of now, so does this: what comes behind goes on from there.
  AgainFrom part{source_, partition_, standing.raw.begin, from_, decided_, beginning->commit};
  for (const auto& era : eras_) {
    if (era.at <= from_ || era.era.rules != rules_ || era.era.from != era.at) continue;
    part.to = era.at;
    if (auto done = again.run(part, wanted, visit); !done) return done;
    part.from = era.at;
    part.to = decided_;
    part.commit = IngestCommit{source_, std::max(era.run, least_run_), era.era}.encode();
  }
  return again.run(part, wanted, visit);
}

/// What was decided now, block by block of what was decided then.
Result<void> Filler::merge(Decisions& now) {
  for (auto at = now.from; at < now.to;) {
    if (block_ == nullptr || block_->to <= at) {
      const auto block = then_->next();
      if (!block) return tl::unexpected(block.error());
      if (*block == nullptr) return fail(ErrorCode::kOutOfRange, "blocks of the published version went away meanwhile");
      block_ = *block;
      continue;
    }
    const auto end = std::min(now.to, block_->to);
    auto piece_now = worker::piece_of(now, at, end);
    piece_now.run = end == now.to ? now.run : run_;
    if (auto merged = merge(worker::piece_of(*block_, at, end), piece_now); !merged) return merged;
    run_ = piece_now.run;
    at = end;
  }
  records_ += static_cast<std::uint64_t>(now.to - now.from);
  progress_(records_);
  return {};
}

/// Whose record it is decides; nobody's is left as it was. `-` where a merchant is not known.
Result<bool> Filler::is_of_part(Offset offset, std::string_view then, std::string_view now) const {
  if (offset >= part_end_) return false;
  if (!merchant_) return true;
  if (then != now && then != event::kNoMerchant && now != event::kNoMerchant &&
      (is_asked_for(then) || is_asked_for(now))) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("partition {}, offset {}: what was {}'s would be {}'s by the settings of now, so that more "
                            "than {} is to be counted again: drop this version, and replay without --merchant",
                            partition_.value, offset.value, then, now, *merchant_));
  }
  return is_asked_for(then) || is_asked_for(now);
}

/// Of one piece of the log what was decided then and now: of each record one of them.
Result<void> Filler::merge(const Decisions& then, const Decisions& now) {
  const auto size = static_cast<std::size_t>(then.to - then.from);
  const auto whose = [&](const Decisions& decisions) {
    std::vector<std::string_view> merchants(size, event::kNoMerchant);
    const auto at = [&](Offset offset) -> auto& { return merchants[static_cast<std::size_t>(offset - then.from)]; };
    for (const auto& accepted : decisions.accepted) at(accepted.offset) = accepted.text[Field::kMerchant];
    for (const auto& bad : decisions.bad) at(bad.offset) = bad.merchant;
    for (const auto& duplicate : decisions.duplicates) at(duplicate.offset) = duplicate.merchant;
    return merchants;
  };
  const auto whose_then = whose(then), whose_now = whose(now);
  std::vector<char> of_part(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto is = is_of_part(then.from + static_cast<std::int64_t>(i), whose_then[i], whose_now[i]);
    if (!is) return tl::unexpected(is.error());
    of_part[i] = *is ? 1 : 0;
  }
  const auto is_in = [&](Offset offset) { return of_part[static_cast<std::size_t>(offset - then.from)] != 0; };
  Decisions merged;
  merged.source = source_;
  merged.from = then.from;
  merged.to = then.to;
  merged.run = now.run;
  // The chain begins at the floor, and goes on by the eras of then: by these ingest finds whether sessions go on behind it.
  merged.era = then.era == floor_era_ ? then.era : event::Era{then.era.rules, std::max(then.era.from, from_)};
  const auto take = [&](auto& to, const auto& of_then, const auto& of_now) {
    std::copy_if(of_then.begin(), of_then.end(), std::back_inserter(to),
                 [&](const auto& d) { return !is_in(d.offset); });
    std::copy_if(of_now.begin(), of_now.end(), std::back_inserter(to), [&](const auto& d) { return is_in(d.offset); });
    std::sort(to.begin(), to.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  };
  take(merged.accepted, then.accepted, now.accepted);
  take(merged.bad, then.bad, now.bad);
  take(merged.duplicates, then.duplicates, now.duplicates);
  take(merged.skipped, then.skipped, now.skipped);
  take(merged.lost, then.lost, now.lost);
  const auto take_changes = [&](const Decisions& decisions, bool in_part) {
    for (const auto& change : decisions.changes) {
      if (is_in(change.cause) != in_part) continue;
      const auto* subject = decisions.subject(change);
      const bool over_end = !in_part && then.era.rules != rules_ && change.subject < part_end_ &&
                            change.cause >= part_end_ && is_asked_for(subject->text[Field::kMerchant]);
      if (over_end) continue;
      if (change.subject < merged.from) merged.earlier.push_back(*subject);
      merged.changes.push_back(change);
    }
  };
  take_changes(then, false);
  take_changes(now, true);
  event::sort_subjects(merged.earlier);
  std::erase_if(merged.changes, [&](const auto& change) { return merged.subject(change) == nullptr; });
  std::sort(merged.changes.begin(), merged.changes.end(),
            [](const auto& a, const auto& b) { return std::tie(a.cause, a.subject) < std::tie(b.cause, b.subject); });
  return send(std::move(merged));
}

Result<void> Filler::send(Decisions merged) {
  for (const auto& piece : worker::pieces_of(std::move(merged), encoded_, run_)) {
    const auto stored = ask<Offset>(
        [&](auto done) {
          producer_->append({{next_.resolved_topic(), partition_}, {}, event::encode_block(piece), std::nullopt},
                            std::move(done));
        },
        cancelled_);
    if (!stored) return tl::unexpected(stored.error());
  }
  return {};
}

}  // namespace

std::string ReplayUntil::encode() const {
  return offset ? fmt::format("offset {}", offset->value) : std::to_string(unix_ms(time.value_or(TimeMs{})));
}

std::optional<ReplayUntil> ReplayUntil::decode(std::string_view text) {
  constexpr std::string_view kOffset = "offset ";
  const bool is_offset = text.starts_with(kOffset);
  if (is_offset) text.remove_prefix(kOffset.size());
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return is_offset ? ReplayUntil{Offset{value}, std::nullopt} : ReplayUntil{std::nullopt, from_unix_ms(value)};
}

Result<Offset> until_of(EventLog& log, const TopicPartition& raw, const ReplayUntil& until, Offset end,
                        const std::stop_token& cancelled) {
  if (until.offset) return std::min(*until.offset, end);
  return ask<Offset>([&](auto done) { log.offset_at(raw, until.time.value_or(TimeMs{}), std::move(done)); }, cancelled);
}

Result<void> fill_version(Node& node, const worker::VersionRecord& version,
                          const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled) {
  auto again = DecideAgain::open(node, version.least_run.value_or(RunId{0}), cancelled);
  if (!again) return tl::unexpected(again.error());
  // The blocks of two ways to decide would go on from one another unseen, for they have the eras of the version before.
  if (version.filled_by && *version.filled_by != (*again)->rules()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("version {} was begun by other settings than those of now: go on with it with the same ones "
                    "(all --set of then), or give it up by `guidepost replay drop {}`",
                    version.version, version.version));
  }
  worker::VersionTable table(node.tables(), node.names());
  if (auto said = ask<void>(
          [&](auto done) { table.set_filled_by(version.version, (*again)->rules(), std::move(done)); }, cancelled);
      !said)
    return said;
  const auto sources = source_standings(node, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  Filler filler(node, version, progress, cancelled);
  for (const auto& standing : *sources) {
    if (!standing.current) continue;
    if (auto filled = filler.source(**again, standing); !filled) return filled;
  }
  return {};
}

}  // namespace guidepost::app
