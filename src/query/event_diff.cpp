#include "query/event_diff.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.hpp"
#include "event/session_words.hpp"
#include "guidepost/event/event_row.hpp"
#include "query/contents.hpp"
#include "query/event_rows.hpp"

namespace guidepost::query {
namespace {

using Kind = EventDifference::Kind;
using event::Field;

/// An event changes others of its device at most a session's gap away, and no gap is longer.
constexpr std::chrono::hours kReach{24};
constexpr std::uint64_t kRowsOfProgress = 1000;

std::string_view value_of(const Row& row, Field field) {
  const auto& place = event::spec(field);
  const auto* cell = row.find(place.family, place.qualifier);
  return cell == nullptr ? std::string_view() : std::string_view(cell->value);
}

std::string_view session_words_of(const Row& row) {
  const auto* cell = row.find(event::kEventFamilies[0], event::kSessionChanges);
  return cell == nullptr ? std::string_view() : std::string_view(cell->value);
}

/// Compares the events of one merchant.
class EventDiffer {
 public:
  EventDiffer(const VersionPair& versions, const std::map<SourceId, Offset>& decided, const DiffOptions& options,
              const std::string& merchant, const std::vector<Month>& months_a, const std::vector<Month>& months_b,
              EventDiff& found)
      : versions_(versions),
        decided_(decided),
        options_(options),
        merchant_(merchant),
        months_(months_a),
        a_(versions.tables, versions.a, months_a, merchant, options.from - kReach, options.to + kReach),
        b_(versions.tables, versions.b, months_b, merchant, options.from - kReach, options.to + kReach),
        found_(found) {}

  Result<void> run(std::uint64_t& rows) {
    auto a = next(a_, rows);
    auto b = next(b_, rows);
    while (a && b && (*a != nullptr || *b != nullptr)) {
      const bool in_a = *a != nullptr && (*b == nullptr || event_identity(**a) <= event_identity(**b));
      const bool in_b = *b != nullptr && (*a == nullptr || event_identity(**b) <= event_identity(**a));
      if (auto ok = compare(in_a ? *a : nullptr, in_b ? *b : nullptr); !ok) return ok;
      if (in_a) a = next(a_, rows);
      if (in_b) b = next(b_, rows);
    }
    if (!a) return tl::unexpected(std::move(a.error()));
    if (!b) return tl::unexpected(std::move(b.error()));
    return finish_before(TimeMs::max());
  }

 private:
  using Place = std::tuple<TimeMs, SourceId, Offset>;
  /// An event of which it is not known yet whether, or in what, it differs.
  struct Pending {
    std::uint8_t salt = 0;
    std::optional<Kind> own = {};  // how its own rows differ; nothing: they are equal
    SessionDifference session = {};
    std::unique_ptr<EventDifference> shown = {};  // of its own rows, where it will be listed
  };

  Result<const Row*> next(EventRows& from, std::uint64_t& rows) {
    if (options_.cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    if (++rows % kRowsOfProgress == 0 && options_.progress) options_.progress(rows);
    return from.next();
  }

  bool is_asked_for(TimeMs time) const { return time >= options_.from && time < options_.to; }

  /// The rows of one event; null where a version has none.
  Result<void> compare(const Row* a, const Row* b) {
    const auto& any = a != nullptr ? *a : *b;
    const auto key = event::parse_event_row_key(any.key);
    if (!key) return tl::unexpected(key.error());
    if (auto ok = finish_before(key->time - kReach); !ok) return ok;
    const auto decided = decided_.find(key->source);
    if (decided == decided_.end() || key->offset >= decided->second) {
      found_.newer += is_asked_for(key->time) ? 1 : 0;
      return {};
    }
    if (is_asked_for(key->time)) compare_own(*key, a, b);
    const auto words_a = a != nullptr ? session_words_of(*a) : std::string_view();
    const auto words_b = b != nullptr ? session_words_of(*b) : std::string_view();
    if (words_a == words_b) return {};
    auto ok = add_changes(*key, words_a, -1);
    if (ok) ok = add_changes(*key, words_b, 1);
    if (!ok || pending_.size() <= options_.max_pending) return ok;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("over {} events of {} differ within a day; ask for less: a shorter --from/--to",
                            options_.max_pending, merchant_));
  }

  void compare_own(const event::EventRowKey& key, const Row* a, const Row* b) {
    ++found_.compared;
    const auto kind = b == nullptr ? Kind::kOnlyA : a == nullptr ? Kind::kOnlyB : Kind::kChanged;
    auto columns = kind == Kind::kChanged ? columns_that_differ(*a, *b) : std::vector<ColumnDifference>{};
    if (kind == Kind::kChanged && columns.empty()) return;
    auto& pending = pending_[{key.time, key.source, key.offset}];
    pending.salt = key.salt;
    pending.own = kind;
    // Of the rows that differ those with the earliest times are listed, and they come in that order.
    if (found_.events.size() + shown_ >= options_.limit) return;
    ++shown_;
    pending.shown = std::make_unique<EventDifference>();
    pending.shown->kind = kind;
    pending.shown->columns = std::move(columns);
    describe(*pending.shown, a != nullptr ? *a : *b);
  }

  static void describe(EventDifference& difference, const Row& row) {
    difference.event_id = value_of(row, Field::kEventId);
    difference.type = value_of(row, Field::kType);
    difference.guid = value_of(row, Field::kGuid);
  }

  /// What an event changed, with a sign, at the events that it is about.
  Result<void> add_changes(const event::EventRowKey& key, std::string_view words, std::int64_t sign) {
    changes_.clear();
    if (!event::read_session_words(words, key.offset, key.time, changes_))
      return fail(ErrorCode::kCorrupt, "session_changes of an event row of " + merchant_ + ": " + text::escape(words));
    for (const auto& [change, time] : changes_) {
      if (!is_asked_for(time)) continue;
      auto& pending = pending_[{time, key.source, change.subject}];
      pending.salt = key.salt;  // of the same device
      pending.session.sessions += sign * change.sessions;
      pending.session.bounces += sign * change.bounces;
      pending.session.exits += sign * change.exits;
      pending.session.dwells += sign * change.dwells;
      pending.session.dwell_ms += sign * change.dwell_ms;
    }
    return {};
  }

  /// Nothing can change any more about events before `time`.
  Result<void> finish_before(TimeMs time) {
    while (!pending_.empty() && std::get<TimeMs>(pending_.begin()->first) < time) {
      auto node = pending_.extract(pending_.begin());
      if (auto ok = finish(node.key(), node.mapped()); !ok) return ok;
    }
    return {};
  }

  Result<void> finish(const Place& place, Pending& pending) {
    shown_ -= pending.shown ? 1 : 0;
    if (!pending.own && pending.session == SessionDifference{}) return {};
    const auto kind = pending.own.value_or(Kind::kChanged);
    ++(kind == Kind::kOnlyA ? found_.only_a : kind == Kind::kOnlyB ? found_.only_b : found_.changed);
    if (found_.events.size() >= options_.limit) return {};
    auto& event = found_.events.emplace_back(pending.shown ? std::move(*pending.shown) : EventDifference{});
    event.merchant = merchant_;
    std::tie(event.time, event.source, event.offset) = place;
    // One that is not in both has all of its session in one, which says no more than that.
    if (kind == Kind::kChanged) event.session = pending.session;
    return pending.shown ? Result<void>() : look_up(event, pending.salt);
  }

  /// What an event is whose own rows are equal, and were not kept.
  Result<void> look_up(EventDifference& event, std::uint8_t salt) {
    const auto key = event::event_row_key({salt, merchant_, event.time, event.source, event.offset});
    // Received in the month that it happened in, or later; hardly ever before.
    auto months = months_;
    std::rotate(months.begin(), std::lower_bound(months.begin(), months.end(), Month::of(event.time)), months.end());
    for (const auto month : months) {
      const auto rows = await<std::vector<Row>>(
          [&](auto done) { versions_.tables.get(versions_.a.events(month), {{key, {}}}, std::move(done)); });
      if (!rows) return tl::unexpected(rows.error());
      if (rows->front().empty()) continue;
      describe(event, rows->front());
      return {};
    }
    return {};
  }

  const VersionPair& versions_;
  const std::map<SourceId, Offset>& decided_;
  const DiffOptions& options_;
  const std::string& merchant_;
  const std::vector<Month>& months_;
  EventRows a_;
  EventRows b_;
  EventDiff& found_;
  std::map<Place, Pending> pending_;
  std::size_t shown_ = 0;  // of pending_
  std::vector<event::StoredChange> changes_;
};

}  // namespace

std::vector<ColumnDifference> columns_that_differ(const Row& a, const Row& b) {
  std::vector<ColumnDifference> columns;
  const auto place = [](const Cell& cell) { return std::tie(cell.family, cell.qualifier); };
  const auto of_sessions = [](const Cell& cell) {
    return cell.qualifier == event::kSessionChanges && cell.family == event::kEventFamilies[0];
  };
  auto x = a.cells.begin();
  auto y = b.cells.begin();
  while (x != a.cells.end() || y != b.cells.end()) {
    const bool in_a = x != a.cells.end() && (y == b.cells.end() || place(*x) <= place(*y));
    const bool in_b = y != b.cells.end() && (x == a.cells.end() || place(*y) <= place(*x));
    const auto& name = in_a ? *x : *y;
    if (!(in_a && in_b && x->value == y->value) && !of_sessions(name)) {
      columns.push_back({name.family, name.qualifier, in_a ? std::optional(x->value) : std::nullopt,
                         in_b ? std::optional(y->value) : std::nullopt});
    }
    if (in_a) ++x;
    if (in_b) ++y;
  }
  return columns;
}

Result<EventDiff> diff_events(const VersionPair& versions, const std::map<SourceId, Offset>& decided,
                              const DiffOptions& options) {
  std::set<std::string> merchants;
  std::vector<Month> months[2];
  const Names* names[] = {&versions.a, &versions.b};
  if (options.merchant) merchants.insert(*options.merchant);
  for (std::size_t side = 0; side < 2; ++side) {
    auto found =
        months_of(versions.tables, names[side]->all_events(), [&](Month month) { return names[side]->events(month); });
    if (!found) return tl::unexpected(std::move(found.error()));
    months[side] = std::move(*found);
    if (options.merchant) continue;
    auto all = merchants_of_events(versions.tables, *names[side], months[side]);
    if (!all) return tl::unexpected(std::move(all.error()));
    merchants.merge(*all);
  }
  EventDiff found;
  std::uint64_t rows = 0;
  for (const auto& merchant : merchants) {
    auto ok = EventDiffer(versions, decided, options, merchant, months[0], months[1], found).run(rows);
    if (!ok) return tl::unexpected(std::move(ok.error()));
  }
  return found;
}

}  // namespace guidepost::query
