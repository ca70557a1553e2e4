#include "query/contributions.hpp"

#include <algorithm>
#include <deque>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "guidepost/event/event_row.hpp"
#include "query/contents.hpp"
#include "query/event_rows.hpp"

namespace guidepost::query {
namespace {

constexpr std::uint64_t kProgressEach = 1000;

std::uint8_t bit_of(event::Traffic traffic) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(traffic)); }

std::uint64_t key_of(event::Traffic traffic, std::string_view value) {
  return hash64(value, static_cast<std::uint64_t>(traffic) + 1);
}

/// As pages have it: of url x country both parts.
std::optional<std::string> value_of_event(rollup::Dimension dimension, const event::FieldValues& text) {
  const auto parts = rollup::value_in(dimension, text);
  if (!parts) return std::nullopt;
  std::string value(parts->first);
  if (dimension == rollup::Dimension::kUrlCountry) value.append(1, '\0').append(parts->second);
  return value;
}

bool is_other(std::string_view value) {
  return value.starts_with(rollup::kOther) &&
         (value.size() == rollup::kOther.size() || value[rollup::kOther.size()] == '\0');
}

class ContributionReader {
 public:
  ContributionReader(const Request& request, const CountedPages& pages, const ContributionOptions& options,
                     const std::function<void(const AskedContribution&)>& visit)
      : request_(request),
        pages_(pages),
        options_(options),
        visit_(visit),
        asked_for_(request),
        with_sessions_(std::any_of(request.metrics.begin(), request.metrics.end(),
                                   [](const Metric& metric) {
                                     return metric.group == Group::kSessions || metric.group == Group::kBounces ||
                                            metric.group == Group::kTimes;
                                   })),
        margin_(with_sessions_ ? options.session_gap : std::chrono::milliseconds{0}) {}

  Result<void> run(TableStore& tables, const Names& names) {
    const auto months = months_of(tables, names.all_events(), [&](Month month) { return names.events(month); });
    if (!months) return tl::unexpected(months.error());
    EventRows rows(tables, names, *months, request_.merchant, request_.from - margin_, request_.to + margin_);
    std::uint64_t read = 0;
    while (true) {
      const auto row = rows.next();
      if (!row) return tl::unexpected(row.error());
      if (*row == nullptr) return {};
      if (options_.cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
      if (++read % kProgressEach == 0 && options_.progress) options_.progress(read);
      const auto stored = event::parse_event_row(**row);
      if (!stored) return tl::unexpected(stored.error());
      take(*stored);
      if (subjects_.size() + pending_.size() > options_.max_waiting) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("over {} events are within two session gaps of each other: ask for a shorter time, or "
                                "for metrics without sessions and times",
                                options_.max_waiting));
      }
    }
  }

 private:
  /// An event as far as what is changed about its session is concerned.
  struct Subject {
    TimeMs time;
    bool asked = false;
    bool folded = false;
  };
  /// In the order of rows.
  using Place = std::tuple<TimeMs, SourceId, Offset>;
  /// A change about an event that comes later in time.
  struct Pending {
    event::SessionChange change;
    Origin origin;
    std::string event_id;
  };

  bool inside(TimeMs time) const { return time >= request_.from && time < request_.to; }

  void take(const event::StoredEvent& stored) {
    const auto& event = stored.event;
    forget_before(event.time - margin_);
    const Origin origin{
        event.time,      event.record_time, stored.source, event.offset, event.text[event::Field::kEventId],
        is_refund(event)};
    if (inside(event.time)) take_subject(stored, origin);
    if (!with_sessions_) return;
    for (const auto& [change, subject_time] : stored.changes) {
      if (change.subject == change.cause || !inside(subject_time)) continue;
      const Place place(subject_time, stored.source, change.subject);
      if (place > Place(event.time, stored.source, event.offset)) {
        pending_.emplace(place, Pending{change, origin, std::string(origin.event_id)});
      } else if (const auto found = subjects_.find({stored.source, change.subject}); found != subjects_.end()) {
        change_of_other(change, found->second, origin);
      }
    }
  }

  static bool is_refund(const event::Accepted& event) {
    const auto revenue = event::revenue_of(event);
    return revenue && revenue->minor < 0;
  }

  void take_subject(const event::StoredEvent& stored, const Origin& origin) {
    const auto& event = stored.event;
    Subject subject{event.time};
    if (const auto value = value_of_event(request_.dimension, event.text)) {
      rollup::ReadEntry entry;
      entry.dimension = request_.dimension;
      entry.traffic = event.traffic;
      entry.value = *value;
      subject.asked = asked_for_(entry);
      subject.folded = subject.asked && pages_.folds(Bucket::of(event.time), stored.source, event.traffic, *value);
    }
    if (subject.asked) own(stored, subject, origin);
    if (!with_sessions_) return;
    const Place place(event.time, stored.source, event.offset);
    // What was about an event without a row cannot be counted, and is missed where the numbers are compared.
    pending_.erase(pending_.begin(), pending_.lower_bound(place));
    while (!pending_.empty() && pending_.begin()->first == place) {
      auto waiting = std::move(pending_.begin()->second);
      pending_.erase(pending_.begin());
      waiting.origin.event_id = waiting.event_id;
      change_of_other(waiting.change, subject, waiting.origin);
    }
    subjects_.emplace(std::pair(stored.source, event.offset), subject);
    by_time_.emplace_back(event.time, std::pair(stored.source, event.offset));
  }

  void own(const event::StoredEvent& stored, const Subject& subject, const Origin& origin) {
    rollup::Contribution what;
    if (rollup::has_events(request_.dimension)) what = rollup::contribution_of(stored.event);
    for (const auto& [change, time] : stored.changes) {
      if (change.subject == change.cause) add(what.counters, rollup::counters_of(change, request_.dimension));
    }
    tell(what, subject, origin, true);
  }

  void change_of_other(const event::SessionChange& change, const Subject& subject, const Origin& origin) {
    if (!subject.asked) return;
    rollup::Contribution what;
    what.counters = rollup::counters_of(change, request_.dimension);
    tell(what, subject, origin, false);
  }

  void tell(const rollup::Contribution& what, const Subject& subject, const Origin& origin, bool own) {
    const bool counted = pages_.counts(Bucket::of(subject.time), origin.source, origin.offset);
    visit_({origin, own, counted, subject.folded, what});
  }

  static void add(rollup::Counters& to, const rollup::Counters& more) {
    for (std::size_t c = 0; c < to.size(); ++c) to[c] = rollup::add_counters(to[c], more[c]);
  }

  void forget_before(TimeMs time) {
    while (!by_time_.empty() && by_time_.front().first < time) {
      subjects_.erase(by_time_.front().second);
      by_time_.pop_front();
    }
  }

  struct Hash {
    std::size_t operator()(const std::pair<SourceId, Offset>& key) const {
      return std::hash<std::int64_t>{}(key.second.value) ^ (std::size_t{key.first.value} << 48);
    }
  };

  const Request& request_;
  const CountedPages& pages_;
  const ContributionOptions& options_;
  const std::function<void(const AskedContribution&)>& visit_;
  AskedFor asked_for_;
  bool with_sessions_;
  std::chrono::milliseconds margin_;
  std::unordered_map<std::pair<SourceId, Offset>, Subject, Hash> subjects_;
  std::deque<std::pair<TimeMs, std::pair<SourceId, Offset>>> by_time_;
  std::multimap<Place, Pending> pending_;
};

}  // namespace

void CountedPages::see(const SeenCell& cell) {
  if (more_ || (pages_.size() >= most_ && !pages_.contains({cell.bucket, cell.source}))) {
    more_ = true;
    return;
  }
  auto& page = pages_[{cell.bucket, cell.source}];
  if (cell.position) page.position = *cell.position;
  for (const auto& entry : cell.entries) {
    if (entry.dimension == rollup::Dimension::kTotal) return;  // which folds nothing
    if (is_other(entry.value)) {
      page.has_other |= bit_of(entry.traffic);
    } else if (asked_for_(entry)) {
      page.values.insert(key_of(entry.traffic, entry.value));
    }
  }
}

Result<void> CountedPages::complete() const {
  if (!more_) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("over {} pages: ask for a shorter time", most_));
}

bool CountedPages::counts(Bucket bucket, SourceId source, Offset cause) const {
  const auto page = pages_.find({bucket, source});
  return page != pages_.end() && cause < page->second.position;
}

bool CountedPages::folds(Bucket bucket, SourceId source, event::Traffic traffic, std::string_view value) const {
  const auto page = pages_.find({bucket, source});
  if (page == pages_.end() || (page->second.has_other & bit_of(traffic)) == 0) return false;
  return !page->second.values.contains(key_of(traffic, value));
}

Result<void> read_contributions(const Request& request, TableStore& tables, const Names& names,
                                const CountedPages& pages, const ContributionOptions& options,
                                const std::function<void(const AskedContribution&)>& visit) {
  return ContributionReader(request, pages, options, visit).run(tables, names);
}

}  // namespace guidepost::query
