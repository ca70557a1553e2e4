#include "worker/ingest/ingest_recovery.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <utility>

#include "worker/retry.hpp"

namespace guidepost::worker {
namespace {

constexpr FetchLimits kWindowFetch{
    .max_records = 8192, .max_bytes = Bytes{8 * 1024 * 1024}, .max_wait = std::chrono::milliseconds{1000}};
/// How often it is looked whether a gap has been given up meanwhile.
constexpr std::chrono::milliseconds kLookForAcceptance{5000};

}  // namespace

std::string IngestCommit::encode() const {
  return fmt::format("v3 source={} run={} rules={} rules_from={} resolved={}", source.value, run.value, era.rules.value,
                     era.from.value, resolved.value);
}

std::optional<IngestCommit> IngestCommit::decode(std::string_view metadata) {
  auto number_after = [&](std::string_view key) -> std::optional<std::uint64_t> {
    const auto at = metadata.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto* from = metadata.data() + at + key.size();
    const auto* end = metadata.data() + metadata.size();
    return std::from_chars(from, end, value).ec == std::errc{} ? std::optional(value) : std::nullopt;
  };
  if (!metadata.starts_with("v3 ")) return std::nullopt;
  const auto source = number_after("source=");
  const auto run = number_after("run=");
  const auto rules = number_after("rules=");
  const auto rules_from = number_after("rules_from=");
  const auto resolved = number_after("resolved=");
  if (!source || !run || !rules || !rules_from || !resolved) return std::nullopt;
  const auto offset = [](std::uint64_t n) { return Offset{static_cast<std::int64_t>(n)}; };
  return IngestCommit{SourceId{static_cast<std::uint32_t>(*source)},
                      RunId{*run},
                      {RulesHash{*rules}, offset(*rules_from)},
                      offset(*resolved)};
}

IngestRecovery::IngestRecovery(Needs needs, TopicPartition raw, TopicPartition resolved, std::string topic_id,
                               Events events)
    : needs_(needs),
      partition_(std::move(raw)),
      resolved_(std::move(resolved)),
      topic_id_(std::move(topic_id)),
      events_(std::move(events)) {}

void IngestRecovery::close() {
  closed_ = true;
  events_ = {};
  reader_.reset();
  if (const auto check = std::exchange(gap_check_, nullptr)) check->close();
  if (const auto chain = std::exchange(chain_, nullptr)) chain->close();
}

void IngestRecovery::start() {
  find_bounds([this] { check_topic(); });
}

void IngestRecovery::find_bounds(std::function<void()> then) {
  ask_until_answered<LogBounds>(
      shared_from_this(), "bounds of the raw partition",
      [this](Completion<LogBounds> answer) { needs_.log.bounds(partition_, std::move(answer)); },
      [this, then = std::move(then)](Result<LogBounds> bounds) {
        if (!bounds) return finish(tl::unexpected(bounds.error()));
        bounds_ = *bounds;
        then();
      });
}

// A topic of the same name with another id is another log: nothing says that what was in the first one
// has been worked off, so a person decides.
void IngestRecovery::check_topic() {
  ask_until_answered<std::vector<Source>>(
      shared_from_this(), "registry of sources",
      [this](Completion<std::vector<Source>> answer) { needs_.state.sources(std::move(answer)); },
      [this](Result<std::vector<Source>> sources) {
        if (!sources) return finish(tl::unexpected(sources.error()));
        const Source* other = nullptr;
        for (const auto& source : *sources) {
          if (source.topic != partition_.topic || source.partition != partition_.partition) continue;
          if (source.topic_id == topic_id_) return find_source();
          other = &source;
        }
        if (other == nullptr || needs_.options.accept_topic_id == topic_id_) return find_source();
        finish(
            fail(ErrorCode::kTopicChanged,
                 fmt::format(
                     "topic {} was deleted and made again: it was {} (source {}) and is {} now. Where what was in it "
                     "is known to be lost or worked off, start once with --set ingest.accept_topic_id={}",
                     partition_.topic, other->topic_id, other->number.value, topic_id_, topic_id_)));
      });
}

void IngestRecovery::find_source() {
  ask_until_answered<Source>(
      shared_from_this(), "number of the source",
      [this](Completion<Source> answer) {
        needs_.state.register_source(partition_.topic, topic_id_, partition_.partition, bounds_.begin,
                                     std::move(answer));
      },
      [this](Result<Source> source) {
        if (!source) return finish(tl::unexpected(source.error()));
        found_.source = *source;
        find_commit();
      });
}

void IngestRecovery::find_commit() {
  ask_until_answered<std::optional<Commit>>(
      shared_from_this(), "commit of ingest",
      [this](Completion<std::optional<Commit>> answer) {
        needs_.member.committed(partition_.partition, std::move(answer));
      },
      [this](Result<std::optional<Commit>> commit) {
        if (!commit) return finish(tl::unexpected(commit.error()));
        if (*commit) return go_on_from(**commit);
        with_beginning([this](const StateTable::Beginning& beginning) { begin_at(beginning); });
      });
}

/// What a commit says besides the position. Nothing: it is not of this source's ingest, and this has finished.
std::optional<IngestCommit> IngestRecovery::checked(const std::string& metadata) {
  const auto known = IngestCommit::decode(metadata);
  if (!known) {
    finish(fail(ErrorCode::kCorrupt, fmt::format("the commit of {} partition {} was not made by ingest: '{}'",
                                                 partition_.topic, partition_.partition.value, metadata)));
    return std::nullopt;
  }
  if (known->source != found_.source.number) {
    finish(fail(
        ErrorCode::kTopicChanged,
        fmt::format("the group's commit for {} partition {} is of source {}, but the topic is source {} now: "
                    "delete the group's offsets to begin the new topic at its beginning",
                    partition_.topic, partition_.partition.value, known->source.value, found_.source.number.value)));
    return std::nullopt;
  }
  return known;
}

void IngestRecovery::go_on_from(const Commit& commit) {
  const auto known = checked(commit.metadata);
  if (!known) return;
  found_.committed = commit.position;
  const ChainEnd at{commit.position, known->era, known->run, known->resolved};
  read_chain(at, [this, at](Result<ChainEnd> end) {
    if (end) return chain_found(*end, *end);
    if (end.error().code != ErrorCode::kOutOfRange) return finish(tl::unexpected(end.error()));
    // The resolved log is another one by now, or kept for too short a time.
    find_durable({at.offset, at.era, at.run, kLogBeginning});
  });
}

/// Never committed: from the floor, never from "latest".
void IngestRecovery::begin_at(const StateTable::Beginning& beginning) {
  found_.committed = beginning.floor;
  if (beginning.commit.empty()) return find_durable({beginning.floor, std::nullopt, RunId{0}, kLogBeginning});
  // Of the version that this one goes on from, and so of another resolved log.
  if (const auto known = checked(beginning.commit))
    find_durable({beginning.floor, known->era, known->run, kLogBeginning});
}

// Where no commit says how far the resolved log had come, it is read from its beginning. Retention may have passed what was
// decided; then everything from `known` on is decided again, and passed over. But the sessions of what comes behind go by
// what counts, which D tells.
void IngestRecovery::find_durable(ChainEnd known) {
  ask_until_answered<std::optional<DurablePosition>>(
      shared_from_this(), "durable position of the source",
      [this](Completion<std::optional<DurablePosition>> answer) {
        needs_.state.durable(found_.source.number, std::move(answer));
      },
      [this, known](Result<std::optional<DurablePosition>> durable) {
        if (!durable) return finish(tl::unexpected(durable.error()));
        read_chain(known, [this, durable = *durable](Result<ChainEnd> end) {
          if (!end) return finish(tl::unexpected(end.error()));
          if (!durable || durable->offset <= end->offset) return chain_found(*end, *end);
          read_chain({durable->offset, durable->era, RunId{0}, kLogBeginning}, [this, end](Result<ChainEnd> counted) {
            if (!counted) return finish(tl::unexpected(counted.error()));
            chain_found(*end, *counted);
          });
        });
      });
}

void IngestRecovery::read_chain(ChainEnd known, std::function<void(Result<ChainEnd>)> then) {
  chain_ = std::make_shared<ChainReader>(needs_.executor, needs_.log, resolved_, found_.source.number, known,
                                         [alive = shared_from_this(), then = std::move(then)](Result<ChainEnd> end) {
                                           if (!alive->closed_) then(std::move(end));
                                         });
  chain_->start();
}

/// Ingest goes on behind `end`. What counts is decided up to `counted`, which is behind that where blocks are gone.
void IngestRecovery::chain_found(const ChainEnd& end, const ChainEnd& counted) {
  found_.chain = end;
  counted_ = counted.offset;
  found_.chain.era = counted.era;
  found_.chain.resolved = counted.resolved;
  const bool same = counted.era && counted.era->rules == needs_.rules;
  found_.era = same ? *counted.era : event::Era{needs_.rules, counted.offset};
  // Again, for others may have written and decided meanwhile.
  find_bounds([this] { check_bounds(); });
}

void IngestRecovery::with_beginning(std::function<void(const StateTable::Beginning&)> then) {
  ask_until_answered<StateTable::Beginning>(
      shared_from_this(), "floor of the source",
      [this](Completion<StateTable::Beginning> answer) {
        needs_.state.beginning(found_.source.number, std::move(answer));
      },
      [this, then = std::move(then)](Result<StateTable::Beginning> beginning) {
        if (!beginning) return finish(tl::unexpected(beginning.error()));
        then(*beginning);
      });
}

// A window that was read before is not this one.
void IngestRecovery::check_bounds() {
  cut_by_.reset();
  first_log_time_.reset();
  undecided_log_time_.reset();
  const auto position = found_.chain.offset;
  if (position > bounds_.end) return check_id();
  if (position < bounds_.begin && position < counted_) {
    return finish(fail(
        ErrorCode::kOutOfRange,
        fmt::format("partition {}: offsets {} to {} are counted, but neither the commit of ingest nor the resolved log "
                    "tells by what runs and rules, and the raw log begins at {}: restore the group's commit",
                    partition_.partition.value, position.value, counted_.value, bounds_.begin.value)));
  }
  check_gaps();
}

// The log ends before what was decided. Another topic of that name is not one that was cut.
void IngestRecovery::check_id() {
  ask_until_answered<std::optional<TopicState>>(
      shared_from_this(), "id of the raw topic",
      [this](Completion<std::optional<TopicState>> answer) {
        needs_.log.describe_topic(partition_.topic, std::move(answer));
      },
      [this](Result<std::optional<TopicState>> topic) {
        if (!topic) return finish(tl::unexpected(topic.error()));
        if (*topic && (*topic)->id == topic_id_) return check_gaps();
        finish(fail(ErrorCode::kTopicChanged, fmt::format("topic {} was deleted, or made again", partition_.topic)));
      });
}

void IngestRecovery::check_gaps() {
  gap_check_ = std::make_shared<GapCheck>(needs_.executor, needs_.log, needs_.state, partition_, found_.source.number,
                                          found_.chain.offset, bounds_,
                                          [alive = shared_from_this()](const Result<GapCheck::Found>& gap) {
                                            if (alive->closed_) return;
                                            if (!gap) return alive->finish(tl::unexpected(gap.error()));
                                            alive->gap_checked(*gap);
                                          });
  gap_check_->start();
}

void IngestRecovery::gap_checked(const GapCheck::Found& gap) {
  if (gap.given_up) return begin_behind(*gap.given_up);
  if (!gap.open) return go_on_with(gap.known_from);
  const auto waits = events_.waits;  // it may close this
  waits(found_, *gap.open);
  if (closed_) return;
  // Others may go on with it meanwhile, and retention does.
  needs_.executor.post_after(kLookForAcceptance, [this, alive = shared_from_this()] {
    if (!closed_) find_bounds([this] { find_commit(); });
  });
}

// With nothing in its windows: what they would hold is gone as well. A new era, for whoever has read it decides otherwise.
void IngestRecovery::begin_behind(const Gap& given_up) {
  found_.lost = RecoveredIngest::Lost{given_up.to, given_up.after};
  found_.era = event::Era{needs_.rules, std::max(given_up.to, counted_)};
  found_.decider =
      std::make_unique<Decider>(needs_.decoder, needs_.enricher, needs_.options, partition_.partition, found_.era.from);
  finish({});
}

void IngestRecovery::go_on_with(Offset known_from) {
  const auto position = found_.chain.offset;
  // What is decided next asks for sessions over their reach, and those for what was no duplicate, over that of duplicates.
  // And where a device may be a bot by what it did, that is over their reach before an event that is met.
  const auto& sessions = needs_.options.sessions;
  const auto reach = needs_.options.dedupe_offsets + (sessions.bot_events == 0 ? 1 : 2) * sessions.offsets;
  const auto window_begin = Offset{std::max(position.value - reach, known_from.value)};
  // What was given up may have been decided all the same, by someone whose blocks were on their way: he knew more.
  const bool others_knew = window_begin == known_from && found_.era.from < known_from;
  if (others_knew) found_.era = event::Era{needs_.rules, std::max(position, counted_)};
  if (window_begin >= bounds_.begin) return read_window(window_begin);
  check_window();
}

// Part of the window is gone from the log. That is right where nothing of it was ever read, or
// where it is out of reach in time as well: check_reach() compares.
void IngestRecovery::check_window() {
  with_beginning([this](const StateTable::Beginning& beginning) {
    if (beginning.known_from >= bounds_.begin) return read_window(bounds_.begin);
    if (!needs_.options.accept_cut_window) return find_retention();
    // Whoever has read what is gone decides otherwise.
    found_.era = event::Era{needs_.rules, std::max(found_.chain.offset, counted_)};
    read_window(bounds_.begin);
  });
}

void IngestRecovery::find_retention() {
  ask_until_answered<std::optional<TopicState>>(
      shared_from_this(), "retention of the raw topic",
      [this](Completion<std::optional<TopicState>> answer) {
        needs_.log.describe_topic(partition_.topic, std::move(answer));
      },
      [this](Result<std::optional<TopicState>> topic) {
        if (!topic) return finish(tl::unexpected(topic.error()));
        // Kept for ever, and yet gone: nothing says how old it was.
        const auto kept = *topic ? (*topic)->retention : std::chrono::milliseconds{0};
        cut_by_ = std::max(kept, std::chrono::milliseconds{0});
        read_window(bounds_.begin);
      });
}

void IngestRecovery::read_window(Offset from) {
  found_.decider =
      std::make_unique<Decider>(needs_.decoder, needs_.enricher, needs_.options, partition_.partition, found_.era.from);
  if (from == found_.chain.offset && !looks_further(from)) return finish(check_reach());
  reader_ = needs_.log.read(partition_, from);
  fetch_window();
}

void IngestRecovery::fetch_window() {
  auto self = shared_from_this();
  reader_->fetch(kWindowFetch, {needs_.executor, [self, this](Result<std::unique_ptr<LogBatch>> batch) {
                                  if (closed_) return;
                                  if (!batch && batch.error().retryable()) {
                                    return needs_.executor.post_after(std::chrono::milliseconds{200}, [self, this] {
                                      if (!closed_) fetch_window();
                                    });
                                  }
                                  // Retention goes on: what is there is looked at again.
                                  if (!batch && batch.error().code == ErrorCode::kOutOfRange) {
                                    return needs_.executor.post_after(std::chrono::milliseconds{200}, [self, this] {
                                      if (!closed_) find_bounds([this] { check_bounds(); });
                                    });
                                  }
                                  if (!batch) return finish(tl::unexpected(batch.error()));
                                  pass_batch(**batch);
                                  const auto next = (*batch)->next();
                                  if (next < found_.chain.offset || looks_further(next)) return fetch_window();
                                  finish(check_reach());
                                }});
}

void IngestRecovery::pass_batch(const LogBatch& batch) {
  arena_.reset();
  std::span records(batch.records());
  const auto undecided = std::find_if(records.begin(), records.end(),
                                      [&](const LogRecord& record) { return record.offset >= found_.chain.offset; });
  if (undecided != records.end()) undecided_log_time_ = undecided->time;
  if (!first_log_time_ && undecided != records.begin()) first_log_time_ = records.front().time;
  records = records.first(static_cast<std::size_t>(undecided - records.begin()));
  const auto end = std::min(batch.next(), found_.chain.offset);
  for (auto at = batch.from(); at < end; at = decided_.next) {
    found_.decider->decide(records, at, end, arena_, decided_);
    records = records.subspan(decided_.records_taken);
  }
}

bool IngestRecovery::looks_further(Offset next) const { return cut_by_ && !undecided_log_time_ && next < bounds_.end; }

// What is gone was out of reach of the first undecided record where the log goes back far enough before that, or where
// retention alone took it: then it was older than that.
Result<void> IngestRecovery::check_reach() const {
  if (!cut_by_) return {};
  const auto now = needs_.executor.wall();
  const auto reach_from = undecided_log_time_.value_or(now) - kHorizonsRead * needs_.options.dedupe_horizon;
  if (first_log_time_ && *first_log_time_ <= reach_from) return {};
  if (now - *cut_by_ <= reach_from && cut_by_->count() > 0) return {};
  return fail(
      ErrorCode::kOutOfRange,
      fmt::format(
          "records of {} partition {} below offset {} are gone, and the windows of duplicates and sessions of "
          "what is not decided yet may reach them: ingest is behind by more than the topic's retention less four times "
          "ingest.window_time. Keep the topic longer; to go on all the same, counting repeats of what is gone "
          "as new and beginning sessions anew, start once with --set ingest.accept_cut_window=true",
          partition_.topic, partition_.partition.value, bounds_.begin.value));
}

void IngestRecovery::finish(Result<void> result) {
  if (closed_) return;
  const auto done = std::exchange(events_.done, nullptr);  // it holds whoever asked
  close();
  if (!result) return done(tl::unexpected(result.error()));
  done(std::move(found_));
}

}  // namespace guidepost::worker
