#include "query/explain.hpp"

#include <algorithm>
#include <unordered_map>

namespace guidepost::query {
namespace {

using namespace std::chrono_literals;

constexpr auto kCauses = static_cast<std::size_t>(Cause::kCount);
constexpr std::array<std::string_view, kCauses> kCauseNames{"refunds",    "arrived_before", "on_time",  "late_minutes",
                                                            "late_hours", "late_days",      "sessions", "replay"};

bool is_additive(const Metric& metric) {
  return metric.kind == Kind::kCounter || metric.kind == Kind::kOrders || metric.kind == Kind::kRevenue ||
         metric.kind == Kind::kRefunds;
}

void add(Sums& sums, const rollup::Contribution& what) {
  for (std::size_t c = 0; c < sums.counters.size(); ++c)
    sums.counters[c] = rollup::add_counters(sums.counters[c], what.counters[c]);
  if (what.has_money) rollup::add_money(sums.money, what.money);
}

std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// Distinct counts do not add up, and are left out.
void add(Sums& sums, const Sums& more) {
  for (std::size_t c = 0; c < sums.counters.size(); ++c)
    sums.counters[c] = rollup::add_counters(sums.counters[c], more.counters[c]);
  for (const auto& money : more.money) rollup::add_money(sums.money, money);
}

Sums difference(const Sums& a, const Sums& b) {
  Sums result;
  add(result, a);
  for (std::size_t c = 0; c < b.counters.size(); ++c) result.counters[c] = minus(result.counters[c], b.counters[c]);
  for (const auto& m : b.money)
    rollup::add_money(result.money, {m.currency, minus(0, m.revenue), minus(0, m.refunds), minus(0, m.orders)});
  return result;
}

/// An amount of nothing says nothing.
Value without_zeros(Value value) {
  std::erase_if(value.amounts, [](const Amount& amount) { return amount.minor == 0; });
  return value;
}

Value difference(const Value& a, const Value& b) {
  Value result{a.number, a.amounts};
  if (result.number) *result.number = minus(*result.number, b.number.value_or(0));
  for (const auto& amount : b.amounts) {
    auto at = std::lower_bound(result.amounts.begin(), result.amounts.end(), amount.currency,
                               [](const Amount& x, const auto& currency) { return x.currency < currency; });
    if (at == result.amounts.end() || at->currency != amount.currency)
      at = result.amounts.insert(at, {amount.currency, 0});
    at->minor = minus(at->minor, amount.minor);
  }
  return without_zeros(std::move(result));
}

bool same(const Value& a, const Value& b) {
  return a.number == b.number && without_zeros(a).amounts == without_zeros(b).amounts;
}

/// Ids of two moments.
class Ids {
 public:
  static constexpr std::uint8_t kThen = 1;
  static constexpr std::uint8_t kNow = 2;

  explicit Ids(std::size_t most) : most_(most) {}
  void add(std::uint64_t id, std::uint8_t when) {
    if (!known_) return;
    auto& seen = ids_[id];
    for (std::size_t bit = 0; bit < counts_.size(); ++bit) counts_[bit] += (when & ~seen) >> bit & 1U;
    seen |= when;
    if (ids_.size() <= most_) return;
    known_ = false;
    ids_ = {};
  }
  std::optional<Value> count(std::uint8_t when) const {
    if (!known_) return std::nullopt;
    return Value{counts_[when == kThen ? 0 : 1]};
  }

 private:
  std::size_t most_;
  bool known_ = true;
  std::unordered_map<std::uint64_t, std::uint8_t> ids_;
  std::array<std::int64_t, 2> counts_{};
};

class Explainer {
 public:
  Explainer(const Request& request, TableStore& tables, const Names& names, const ExplainOptions& options)
      : request_(request), tables_(tables), names_(names), options_(options) {
    for (const auto& metric : request.metrics) {
      if (metric.kind == Kind::kDistinct) wanted_[static_cast<std::size_t>(metric.distinct)] = true;
    }
  }

  Result<Explanation> run(Then then) {
    const bool another = then.names.version != names_.version;
    CountedPages pages(request_, options_.max_pages);
    auto query = options_.query;
    query.seen = [&](const SeenCell& cell) { pages.see(cell); };
    auto answer = query::run(request_, tables_, names_, query);  // before the rows: all that it counts is there
    if (!answer) return tl::unexpected(answer.error());
    if (auto ok = pages.complete(); !ok) return tl::unexpected(ok.error());
    Explanation made{std::move(*answer), std::move(then)};
    made.version = names_.version;
    made_ = &made;
    if (another && made.then.stored) {
      if (auto ok = recount_then(); !ok) return tl::unexpected(ok.error());
    }
    const auto take = [&](const AskedContribution& c) { take_now(c, another); };
    if (auto ok = read_contributions(request_, tables_, names_, pages, rows_of(), take); !ok)
      return tl::unexpected(ok.error());
    if (another) {
      if (made.then.stored) move(Cause::kReplay).sums = difference(below_, then_);
    } else {
      add(then_, below_);
    }
    conclude(!another || made.then.stored);
    return made;
  }

 private:
  /// What the version that was read then has of what it had counted.
  Result<void> recount_then() {
    const auto& names = made_->then.names;
    CountedPages pages(request_, options_.max_pages);
    QueryOptions query;
    query.max_memory = options_.query.max_memory;
    query.seen = [&](const SeenCell& cell) { pages.see(cell); };
    if (const auto answer = query::run(request_, tables_, names, query); !answer) return tl::unexpected(answer.error());
    if (auto ok = pages.complete(); !ok) return ok;
    return read_contributions(request_, tables_, names, pages, rows_of(), [this](const AskedContribution& c) {
      if (!was_counted(c.origin) || c.folded) return;
      add(then_, c.what);
      take_ids(c, Ids::kThen);
    });
  }

  /// Progress counts on from one pass to the next.
  ContributionOptions rows_of() {
    auto rows = options_.rows;
    if (rows.progress) {
      rows.progress = [this, told = read_, tell = options_.rows.progress](std::uint64_t read) {
        read_ = told + read;
        tell(read_);
      };
    }
    return rows;
  }

  bool was_counted(const Origin& origin) const {
    const auto source = made_->then.sources.find(origin.source);
    return source != made_->then.sources.end() && origin.offset < source->second.below;
  }

  void take_now(const AskedContribution& c, bool another) {
    const bool below = was_counted(c.origin);
    if (!below && !c.counted) {
      if (c.own) ++made_->uncounted;
      return;
    }
    if (c.folded) {
      if (c.own) ++made_->folded;
      return;
    }
    take_ids(c, static_cast<std::uint8_t>((c.counted ? Ids::kNow : 0) | (below && !another ? Ids::kThen : 0)));
    if (below) return add(below_, c.what);
    auto& moved = move(c.own ? cause_of(c.origin) : Cause::kSessions);
    add(moved.sums, c.what);
    ++moved.events;
    if (moved.examples.size() < options_.examples) {
      const auto& o = c.origin;
      moved.examples.push_back({o.time, o.record_time, o.source, o.offset, std::string(o.event_id)});
    }
  }

  Cause cause_of(const Origin& origin) const {
    if (origin.refund) return Cause::kRefund;
    if (origin.record_time <= made_->then.moment) return Cause::kArrived;
    const auto late = origin.record_time - origin.time;
    return late <= 1min  ? Cause::kOnTime
           : late <= 1h  ? Cause::kLateMinutes
           : late <= 24h ? Cause::kLateHours
                         : Cause::kLateDays;
  }

  void take_ids(const AskedContribution& c, std::uint8_t when) {
    if (!c.own) return;
    const auto take = [&](rollup::Distinct distinct, bool has, std::uint64_t id) {
      const auto kind = static_cast<std::size_t>(distinct);
      if (has && wanted_[kind]) ids_[kind].add(id, when);
    };
    take(rollup::Distinct::kDevices, c.what.has_device, c.what.device);
    take(rollup::Distinct::kUsers, true, c.what.user);
    take(rollup::Distinct::kCustomers, c.what.has_customer, c.what.user);
  }

  Move& move(Cause cause) { return made_->moves[static_cast<std::size_t>(cause)]; }

  void conclude(bool then_is_known) {
    Sums now;
    add(now, below_);
    for (std::size_t cause = 0; cause < kCauses; ++cause) {
      if (cause != static_cast<std::size_t>(Cause::kReplay)) add(now, made_->moves[cause].sums);
    }
    for (std::size_t m = 0; m < request_.metrics.size(); ++m) {
      const auto& metric = request_.metrics[m];
      ExplainedMetric explained;
      explained.additive = is_additive(metric);
      explained.answer = made_->now.totals.metrics[m];
      if (metric.kind == Kind::kDistinct) {
        const auto& ids = ids_[static_cast<std::size_t>(metric.distinct)];
        if (then_is_known) explained.then = ids.count(Ids::kThen);
        explained.now = ids.count(Ids::kNow);
        // An estimate is no number that a count could be held against.
        if (explained.now && !explained.answer.estimated)
          explained.explained = explained.now->number == explained.answer.number;
      } else {
        if (then_is_known) explained.then = value_of(metric, then_);
        explained.now = value_of(metric, now);
        explained.came_before = value_of(metric, below_);
        explained.unexplained = difference(explained.answer, *explained.now);
        explained.explained = same(explained.answer, *explained.now);
      }
      for (std::size_t cause = 0; cause < kCauses && explained.additive; ++cause)
        explained.moves[cause] = without_zeros(value_of(metric, made_->moves[cause].sums));
      made_->metrics.push_back(std::move(explained));
    }
  }

  const Request& request_;
  TableStore& tables_;
  const Names& names_;
  const ExplainOptions& options_;
  Explanation* made_ = nullptr;
  Wanted wanted_{};
  std::uint64_t read_ = 0;
  Sums then_;   // of what had been counted, as the version that was read has it
  Sums below_;  // of the same, as the version that is read has it
  std::array<Ids, rollup::kDistinctCount> ids_{Ids(options_.max_ids), Ids(options_.max_ids), Ids(options_.max_ids)};
};

}  // namespace

std::string_view to_string(Cause cause) { return kCauseNames.at(static_cast<std::size_t>(cause)); }

bool Explanation::explained() const {
  return std::all_of(metrics.begin(), metrics.end(), [](const ExplainedMetric& m) { return m.explained; });
}

Result<Explanation> explain(const Request& request, TableStore& tables, const Names& names, Then then,
                            const ExplainOptions& options) {
  return Explainer(request, tables, names, options).run(std::move(then));
}

}  // namespace guidepost::query
