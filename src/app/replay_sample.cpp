#include "app/replay_sample.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "app/ask.hpp"
#include "app/decide_again.hpp"
#include "event/session_words.hpp"
#include "guidepost/base/codec.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "identity/mapping.hpp"

namespace guidepost::app {
namespace {

using event::Field;
using query::EventDifference;
using query::SessionDifference;
using Kind = EventDifference::Kind;

constexpr std::size_t kRowsAtOnce = 500;
constexpr std::uint64_t kSeed = 0x67706f7374;  // so that a sample is spread over all regions of all tables
constexpr double kNormal95 = 1.96;

// What is counted of devices besides columns.
constexpr std::string_view kDiffering = "events";
constexpr std::string_view kSession = "session";
constexpr std::string_view kNetEvents = "events that count";
constexpr std::string_view kNetSessions = "sessions";
constexpr std::string_view kNetBounces = "bounces";

std::string_view words_of(const Row& row) {
  const auto* cell = row.find(event::kEventFamilies[0], event::kSessionChanges);
  return cell == nullptr ? std::string_view() : std::string_view(cell->value);
}

Row as_row(RowPut put) {
  Row row{std::move(put.row), {}};
  for (auto& cell : put.cells)
    row.cells.push_back({std::move(cell.family), std::move(cell.qualifier), cell.timestamp, std::move(cell.value)});
  std::sort(row.cells.begin(), row.cells.end(), [](const Cell& a, const Cell& b) {
    return std::tie(a.family, a.qualifier) < std::tie(b.family, b.qualifier);
  });
  return row;
}

class Sampler {
 public:
  Sampler(Node& node, const SampleOptions& options, const std::stop_token& cancelled)
      : node_(node), names_(node.names()), options_(options), cancelled_(cancelled) {
    below_ = options.share >= 1 ? std::numeric_limits<std::uint64_t>::max()
                                : static_cast<std::uint64_t>(std::ldexp(options.share, 64));
  }

  Result<void> part(DecideAgain& again, const AgainFrom& part);
  ReplaySample take() &&;

 private:
  /// An event of the sample as it was decided again; its row without cells where it is a repeat now.
  struct Asked {
    Row row;
    std::uint64_t device;
    TimeMs record_time;
    EventDifference about;  // what it is
    bool counts;
  };
  struct AskedBad {
    std::string key;
    event::Reason reason;
    std::uint64_t device;  // none: the record alone
  };
  /// An event that differs, or may.
  struct Pending {
    std::uint64_t device = 0;
    std::string merchant, guid;
    TimeMs time;
    SessionDifference session = {};
    bool own = false;
    std::optional<EventDifference> shown = {};  // of its own row
  };
  using Counts = std::map<std::string, std::int64_t, std::less<>>;

  bool is_in(std::uint64_t hash) const { return hash <= below_; }
  bool is_in(std::string_view merchant, std::string_view guid) const {
    return (!options_.merchant || merchant == *options_.merchant) && is_in(hash_of(merchant, guid));
  }
  static std::uint64_t hash_of(std::string_view merchant, std::string_view guid) {
    ByteWriter w;
    w.fixed64(identity::guid_hash(merchant, guid));
    return hash64(w.view(), kSeed);
  }
  static std::uint64_t hash_of(SourceId source, Offset offset) {
    ByteWriter w;
    w.fixed64(source.value);
    w.fixed64(static_cast<std::uint64_t>(offset.value));
    return hash64(w.view(), kSeed);
  }
  Result<void> take_events(DecideAgain& again, event::Decisions& decisions, std::span<const LogRecord> records);
  void ask_for(const event::Accepted& event, std::string_view words, bool counts);
  void ask_for(const event::Bad& bad);
  Result<void> compare();
  Result<void> compare_events();
  Result<void> compare_bad();
  Result<std::vector<Row>> rows(const std::string& table, std::vector<RowGet> gets);
  Result<std::string> verdict_before(const Asked& asked);
  Result<void> compare_one(Asked& asked, const Row& before);
  Result<void> add_changes(const Asked& asked, std::string_view words, std::int64_t sign);
  void count(std::uint64_t device, std::string_view what, std::int64_t by = 1) {
    auto& counts = of_devices_[device];
    const auto at = counts.find(what);
    at == counts.end() ? void(counts.emplace(what, by)) : void(at->second += by);
  }
  Result<void> finish_part();
  Result<void> look_up(EventDifference& event);
  Pending& pending_of(const Asked& asked, Offset offset, TimeMs time);
  Result<void> bounded() const;

  Node& node_;
  Names names_;
  const SampleOptions& options_;
  const std::stop_token& cancelled_;
  std::uint64_t below_ = 0;
  SourceId source_;
  Partition partition_;
  std::vector<Month> months_;
  std::vector<Asked> asked_;
  std::vector<AskedBad> asked_bad_;
  std::map<Offset, Pending> pending_;
  std::unordered_map<std::uint64_t, Counts> of_devices_;  // those of which something differs
  std::unordered_set<std::uint64_t> devices_;
  std::unordered_set<std::uint64_t> exemplary_;
  std::vector<event::StoredChange> changes_;
  ReplaySample found_;
};

Result<void> Sampler::bounded() const {
  if (std::max({pending_.size(), devices_.size(), of_devices_.size()}) <= options_.max_pending) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("over {} devices, or events that differ, are in the sample: take a smaller share of them",
                          options_.max_pending));
}

Result<void> Sampler::part(DecideAgain& again, const AgainFrom& part) {
  source_ = part.source;
  partition_ = part.partition;
  const auto listed = ask<std::vector<std::string>>(
      [&](auto done) { node_.tables().list_tables(names_.all_events(), std::move(done)); }, cancelled_);
  if (!listed) return tl::unexpected(listed.error());
  months_ = months_in(*listed, [&](Month month) { return names_.events(month); });
  const auto wanted = [&](const event::Accepted& e) { return is_in(e.text[Field::kMerchant], e.text[Field::kGuid]); };
  const auto visit = [&](event::Decisions& decisions, std::span<const LogRecord> records) {
    return take_events(again, decisions, records);
  };
  if (auto done = again.run(part, wanted, visit); !done) return done;
  if (auto done = compare(); !done) return done;
  return finish_part();
}

Result<void> Sampler::take_events(DecideAgain& again, event::Decisions& decisions, std::span<const LogRecord> records) {
  found_.records += static_cast<std::uint64_t>(decisions.to - decisions.from);
  if (options_.progress) options_.progress(found_.records);
  for (const auto& accepted : decisions.accepted) {
    if (!is_in(accepted.text[Field::kMerchant], accepted.text[Field::kGuid])) continue;
    ask_for(accepted, event::session_words(decisions, decisions.changes_of(accepted.offset)), true);
  }
  for (const auto& bad : decisions.bad) {
    const bool whose = !options_.merchant || bad.merchant == *options_.merchant || bad.merchant == event::kNoMerchant;
    if (whose && is_in(hash_of(source_, bad.offset))) ask_for(bad);
  }
  // Of a repeat no more than its offset is kept: whose it is says the record.
  auto record = records.begin();
  for (const auto& duplicate : decisions.duplicates) {
    while (record->offset < duplicate.offset) ++record;
    const auto decoded = again.decode(*record, partition_);
    const auto& text = decoded.event.text;
    if (decoded.kind == event::RecordKind::kEvent && is_in(text[Field::kMerchant], text[Field::kGuid]))
      ask_for(decoded.event, {}, false);
  }
  if (auto ok = bounded(); !ok) return ok;
  return asked_.size() + asked_bad_.size() >= kRowsAtOnce ? compare() : Result<void>();
}

void Sampler::ask_for(const event::Accepted& event, std::string_view words, bool counts) {
  const auto& text = event.text;
  const auto device = hash_of(text[Field::kMerchant], text[Field::kGuid]);
  devices_.insert(device);
  Asked asked{.row = {event::event_row_key(source_, event), {}},
              .device = device,
              .record_time = event.record_time,
              .about = {.merchant = std::string(text[Field::kMerchant]),
                        .time = event.time,
                        .source = source_,
                        .offset = event.offset,
                        .event_id = std::string(text[Field::kEventId]),
                        .type = std::string(text[Field::kType]),
                        .guid = std::string(text[Field::kGuid])},
              .counts = counts};
  if (counts) asked.row = as_row(event::event_row(source_, event, words));
  asked_.push_back(std::move(asked));
}

void Sampler::ask_for(const event::Bad& bad) {
  asked_bad_.push_back({event::bad_row_key(source_, bad), bad.reason, hash_of(source_, bad.offset)});
}

Result<void> Sampler::compare() {
  auto compared = compare_events();
  if (compared) compared = compare_bad();
  asked_.clear();
  asked_bad_.clear();
  return compared;
}

Result<std::vector<Row>> Sampler::rows(const std::string& table, std::vector<RowGet> gets) {
  if (gets.empty()) return std::vector<Row>();
  return ask<std::vector<Row>>([&](auto done) { node_.tables().get(table, std::move(gets), std::move(done)); },
                               cancelled_);
}

Result<void> Sampler::compare_events() {
  std::map<Month, std::vector<Asked*>> of_months;
  for (auto& asked : asked_) of_months[Month::of(asked.record_time)].push_back(&asked);
  for (auto& [month, of_month] : of_months) {
    std::vector<RowGet> gets;
    const bool there = std::find(months_.begin(), months_.end(), month) != months_.end();
    for (const auto* asked : of_month) {
      if (there) gets.push_back({asked->row.key, {}});
    }
    auto before = rows(names_.events(month), std::move(gets));
    if (!before) return tl::unexpected(before.error());
    if (!there) before->resize(of_month.size());
    for (std::size_t i = 0; i < of_month.size(); ++i) {
      if (auto ok = compare_one(*of_month[i], (*before)[i]); !ok) return ok;
    }
  }
  return {};
}

Result<void> Sampler::compare_one(Asked& asked, const Row& before) {
  if (before.empty() && !asked.counts) return {};
  ++found_.events;
  std::vector<std::string> differs;
  auto& about = asked.about;
  if (before.empty()) {
    about.kind = Kind::kOnlyB;
    auto verdict = verdict_before(asked);
    if (!verdict) return tl::unexpected(verdict.error());
    differs.push_back(std::move(*verdict));
    count(asked.device, kNetEvents, 1);
  } else if (!asked.counts) {
    about.kind = Kind::kOnlyA;
    differs.emplace_back("verdict: counted -> repeat");
    count(asked.device, kNetEvents, -1);
  } else {
    about.columns = query::columns_that_differ(before, asked.row);
    for (const auto& column : about.columns) differs.push_back(column.family + ":" + column.qualifier);
  }
  const std::string words_before(words_of(before)), words_now(words_of(asked.row));
  if (words_before != words_now) {
    auto ok = add_changes(asked, words_before, -1);
    if (ok) ok = add_changes(asked, words_now, 1);
    if (!ok) return ok;
  }
  if (differs.empty()) return {};
  for (const auto& what : differs) count(asked.device, what);
  auto& pending = pending_of(asked, about.offset, about.time);
  pending.own = true;
  const bool exemplary = exemplary_.size() < options_.examples && exemplary_.insert(asked.device).second;
  if (exemplary) pending.shown = std::move(about);
  return {};
}

/// How an event was decided before that counts now.
Result<std::string> Sampler::verdict_before(const Asked& asked) {
  event::Bad bad;
  bad.offset = asked.about.offset;
  bad.record_time = asked.record_time;
  std::vector<RowGet> gets;
  for (const auto merchant : {std::string_view(asked.about.merchant), event::kNoMerchant}) {
    bad.merchant = merchant;
    gets.push_back({event::bad_row_key(source_, bad), {}});
  }
  const auto found = rows(names_.bad(), std::move(gets));
  if (!found) return tl::unexpected(found.error());
  for (const auto& row : *found) {
    if (row.empty()) continue;
    const auto stored = event::parse_bad_row(row);
    if (!stored) return tl::unexpected(stored.error());
    return "verdict: refused (" + std::string(event::to_string(stored->bad.reason)) + ") -> counted";
  }
  return "verdict: repeat, or of another merchant or time -> counted";
}

Result<void> Sampler::compare_bad() {
  std::vector<RowGet> gets;
  for (const auto& asked : asked_bad_) gets.push_back({asked.key, {}});
  const auto found = rows(names_.bad(), std::move(gets));
  if (!found) return tl::unexpected(found.error());
  for (std::size_t i = 0; i < asked_bad_.size(); ++i) {
    const auto& asked = asked_bad_[i];
    const auto now = "refused (" + std::string(event::to_string(asked.reason)) + ")";
    ++found_.events;
    std::string what;
    if ((*found)[i].empty()) {
      what = "verdict: not refused -> " + now;
    } else {
      const auto stored = event::parse_bad_row((*found)[i]);
      if (!stored) return tl::unexpected(stored.error());
      if (stored->bad.reason == asked.reason) continue;
      what = "verdict: refused (" + std::string(event::to_string(stored->bad.reason)) + ") -> " + now;
    }
    count(asked.device, what);
    count(asked.device, kDiffering);
  }
  return {};
}

Sampler::Pending& Sampler::pending_of(const Asked& asked, Offset offset, TimeMs time) {
  auto& pending = pending_[offset];
  if (!pending.merchant.empty()) return pending;
  pending.device = asked.device;
  pending.merchant = asked.about.merchant;
  pending.guid = asked.about.guid;
  pending.time = time;
  return pending;
}

/// What an event changed, with a sign, at the events that it is about: they are of its device.
Result<void> Sampler::add_changes(const Asked& asked, std::string_view words, std::int64_t sign) {
  changes_.clear();
  if (!event::read_session_words(words, asked.about.offset, asked.about.time, changes_))
    return fail(ErrorCode::kCorrupt, "session_changes of an event row of " + asked.about.merchant);
  for (const auto& [change, time] : changes_) {
    auto& session = pending_of(asked, change.subject, time).session;
    session.sessions += sign * change.sessions;
    session.bounces += sign * change.bounces;
    session.exits += sign * change.exits;
    session.dwells += sign * change.dwells;
    session.dwell_ms += sign * change.dwell_ms;
  }
  return {};
}

/// Now that all changes of a source's sessions are known.
Result<void> Sampler::finish_part() {
  for (auto& [offset, pending] : pending_) {
    const bool session = pending.session != SessionDifference{};
    if (!pending.own && !session) continue;
    count(pending.device, kDiffering);
    if (session) {
      count(pending.device, kSession);
      count(pending.device, kNetSessions, pending.session.sessions);
      count(pending.device, kNetBounces, pending.session.bounces);
    }
    const bool exemplary =
        !pending.own && exemplary_.size() < options_.examples && exemplary_.insert(pending.device).second;
    if (!pending.shown && !exemplary) continue;
    auto& shown = found_.examples.emplace_back(pending.shown ? std::move(*pending.shown)
                                                             : EventDifference{.merchant = pending.merchant,
                                                                               .time = pending.time,
                                                                               .source = source_,
                                                                               .offset = offset,
                                                                               .event_id = {},
                                                                               .type = {},
                                                                               .guid = pending.guid});
    if (shown.kind == Kind::kChanged) shown.session = pending.session;
    if (!exemplary) continue;
    if (auto ok = look_up(shown); !ok) return ok;
  }
  pending_.clear();
  return {};
}

/// What an event is whose own row is equal, and was not kept.
Result<void> Sampler::look_up(EventDifference& event) {
  const auto key = event::event_row_key(
      {event::event_salt(event.merchant, event.guid), event.merchant, event.time, event.source, event.offset});
  for (const auto month : months_) {
    const auto found = rows(names_.events(month), {{key, {}}});
    if (!found) return tl::unexpected(found.error());
    if (found->front().empty()) continue;
    const auto stored = event::parse_event_row(found->front());
    if (!stored) return tl::unexpected(stored.error());
    event.event_id = stored->event.text[Field::kEventId];
    event.type = stored->event.text[Field::kType];
    return {};
  }
  return {};
}

ReplaySample Sampler::take() && {
  std::map<std::string, std::vector<std::int64_t>, std::less<>> of_devices;
  for (const auto& [_, counts] : of_devices_) {
    for (const auto& [what, by] : counts) of_devices[what].push_back(by);
  }
  found_.devices = devices_.size();
  const auto total = [&](std::string_view what) {
    return extrapolate(std::string(what), of_devices[std::string(what)], options_.share);
  };
  found_.differing = total(kDiffering);
  for (const auto what : {kNetEvents, kNetSessions, kNetBounces}) found_.net.push_back(total(what));
  for (const auto& [what, counts] : of_devices) {
    const bool is_part = what != kDiffering && what != kNetEvents && what != kNetSessions && what != kNetBounces;
    if (is_part) found_.parts.push_back(extrapolate(what, counts, options_.share));
  }
  std::sort(found_.parts.begin(), found_.parts.end(),
            [](const auto& a, const auto& b) { return std::tie(b.in_sample, a.what) < std::tie(a.in_sample, b.what); });
  return std::move(found_);
}

}  // namespace

SampledNumber extrapolate(std::string what, std::span<const std::int64_t> of_devices, double share) {
  SampledNumber number;
  number.what = std::move(what);
  double squares = 0;
  for (const auto of_device : of_devices) {
    if (of_device == 0) continue;
    ++number.devices;
    number.in_sample += of_device;
    squares += static_cast<double>(of_device) * static_cast<double>(of_device);
  }
  number.in_all = static_cast<double>(number.in_sample) / share;
  number.margin = kNormal95 * std::sqrt((1 - share) * squares) / share;
  return number;
}

Result<ReplaySample> sample_replay(Node& node, const ReplayPlan& plan, const ReplayWish& wish,
                                   const SampleOptions& options, const std::stop_token& cancelled) {
  const auto least_run = wish.latest_mapping ? plan.latest_run.value_or(RunId{0}) : RunId{0};
  auto again = DecideAgain::open(node, least_run, cancelled);
  if (!again) return tl::unexpected(again.error());
  Sampler sampler(node, options, cancelled);
  for (const auto& part : plan.parts) {
    const auto end = std::min(part.counted, part.until);
    if (!part.current || end <= part.start.from) continue;
    const AgainFrom from{part.source.number,
                         part.source.partition,
                         part.raw.begin,
                         part.start.from,
                         end,
                         plan.base() ? part.start.commit : std::string()};
    if (auto done = sampler.part(**again, from); !done) return tl::unexpected(done.error());
  }
  return std::move(sampler).take();
}

}  // namespace guidepost::app
