#include "query/answer.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace guidepost::query {
namespace {

const Sums& no_sums() {
  static const Sums none{};
  return none;
}
const Groups& no_groups() {
  static const Groups none{};
  return none;
}

const Sums& find(const std::map<TimeMs, Sums>& series, TimeMs start) {
  const auto found = series.find(start);
  return found == series.end() ? no_sums() : found->second;
}
const Groups& find(const std::map<TimeMs, Groups>& groups, TimeMs start) {
  const auto found = groups.find(start);
  return found == groups.end() ? no_groups() : found->second;
}
const Sums& find(const Groups& groups, std::string_view value) {
  const auto* found = groups.find(value);
  return found == nullptr ? no_sums() : *found;
}

void mark_estimates(QueryResult& result) {
  std::vector<bool> marked(result.totals.metrics.size());
  const auto look = [&](const std::vector<Value>& values) {
    for (std::size_t m = 0; m < values.size(); ++m) marked[m] = marked[m] || values[m].estimated;
  };
  for (const auto& row : result.rows) {
    look(row.metrics);
    look(row.previous);
  }
  look(result.totals.metrics);
  look(result.totals.previous);
  for (std::size_t m = 0; m < marked.size(); ++m) {
    if (marked[m]) result.estimated.emplace_back(result.request.metrics[m].name);
  }
}

Tally::IntervalOf intervals_of(const Request& request) {
  return [&request](TimeMs t) -> std::optional<TimeMs> { return request.zone.floor(t, *request.interval); };
}
Tally::IntervalOf intervals_beside(const Request& request) {
  return [&request](TimeMs t) { return request.previous->beside(t, *request.interval, request.zone); };
}

/// Nothing comes last.
bool more(std::optional<std::int64_t> a, std::optional<std::int64_t> b) { return a && (!b || *a > *b); }

}  // namespace

Answer::Answer(const Request& request, const QueryOptions& options)
    : request_(request),
      budget_(options),
      now_(request, budget_, intervals_of(request)),
      before_(request, budget_, intervals_beside(request)),
      hides_empty_(hides_empty_rows(request.dimension)) {}

/// Amounts of different currencies have no order: where there are several, the first of them decides.
std::string Answer::ranking_currency() const {
  if (!request_.metrics.front().is_money()) return {};
  const auto& money = now_.totals().money.empty() ? before_.totals().money : now_.totals().money;
  return money.empty() ? std::string() : std::string(money.front().currency.data(), money.front().currency.size());
}

std::optional<std::int64_t> Answer::rank(const Sums& sums) const {
  const auto& metric = request_.metrics.front();
  return rank_of(metric, value_of(metric, sums), currency_);
}

std::vector<Value> Answer::metrics_of(const Sums& sums) const {
  std::vector<Value> values;
  values.reserve(request_.metrics.size());
  for (const auto& metric : request_.metrics) values.push_back(value_of(metric, sums));
  return values;
}

ResultRow Answer::row(std::optional<TimeMs> bucket, std::vector<std::string> values, const Sums& now,
                      const Sums& before) const {
  ResultRow row{bucket, std::move(values), metrics_of(now), {}};
  if (request_.previous) row.previous = metrics_of(before);
  return row;
}

std::vector<std::string> Answer::values_of(std::string_view key) const {
  if (request_.by.size() < 2) return {std::string(key)};
  const auto [first, second] = parts_of(request_.dimension, key);
  if (request_.by.front() == held(request_.dimension).parts.front()) return {std::string(first), std::string(second)};
  return {std::string(second), std::string(first)};
}

/// Most first, then by value: what is shown does not depend on the order of a hash table.
Answer::Ranked Answer::ranked(const Groups& now, const Groups& before) const {
  struct Place {
    bool is_there;
    std::optional<std::int64_t> rank;
    std::string_view value;
  };
  std::vector<Place> order;
  order.reserve(now.size());
  const auto is_shown = [&](std::string_view value) {
    return !hides_empty_ || !find(now, value).nothing() || !find(before, value).nothing();
  };
  for (const auto& [value, sums] : now) {
    if (is_shown(value)) order.push_back({true, rank(sums), value});
  }
  for (const auto& [value, sums] : before) {
    if (now.find(value) == nullptr && is_shown(value)) order.push_back({false, rank(sums), value});
  }
  std::sort(order.begin(), order.end(), [](const Place& a, const Place& b) {
    if (a.is_there != b.is_there) return a.is_there;
    return a.rank != b.rank ? more(a.rank, b.rank) : a.value < b.value;
  });
  Ranked values;
  values.reserve(order.size());
  for (const auto& place : order) values.push_back(place.value);
  return values;
}

Result<void> Answer::fill_intervals() {
  for (auto bucket = Bucket::of(request_.from); bucket.start() < request_.to; bucket = Bucket{bucket.value + 1}) {
    if (bucket.start() < request_.from) continue;
    if (auto ok = now_.fill(request_.zone.floor(bucket.start(), *request_.interval)); !ok) return ok;
  }
  return {};
}

std::vector<ResultRow> Answer::rows_of_totals() const {
  if (!request_.interval) return {row(std::nullopt, {}, now_.totals(), before_.totals())};
  std::vector<ResultRow> rows;
  rows.reserve(now_.series().size());
  for (const auto& [start, sums] : now_.series()) rows.push_back(row(start, {}, sums, find(before_.series(), start)));
  return rows;
}

std::vector<ResultRow> Answer::rows_of_groups() const {
  // --top chooses over the whole time, not anew in each interval.
  std::unordered_set<std::string_view> chosen;
  const auto choose = [&](const Groups& now, const Groups& before) {
    for (auto value : ranked(now, before)) {
      if (chosen.size() < *request_.top) chosen.insert(value);
    }
  };
  if (request_.top && request_.interval) {
    choose(now_.whole(), before_.whole());
  } else if (request_.top) {
    choose(find(now_.groups(), TimeMs{}), find(before_.groups(), TimeMs{}));
  }
  std::set<TimeMs> starts;
  for (const auto* tally : {&now_, &before_}) {
    for (const auto& [start, groups] : tally->groups()) starts.insert(start);
  }
  std::vector<ResultRow> rows;
  for (const auto start : starts) {
    const auto& now = find(now_.groups(), start);
    const auto& before = find(before_.groups(), start);
    for (auto value : ranked(now, before)) {
      if (request_.top && !chosen.contains(value)) continue;
      const auto bucket = request_.interval ? std::optional(start) : std::nullopt;
      rows.push_back(row(bucket, values_of(value), find(now, value), find(before, value)));
    }
  }
  return rows;
}

std::uint64_t Answer::count_groups() const {
  std::unordered_set<std::string_view> values;
  for (const auto* tally : {&now_, &before_}) {
    for (const auto& [start, groups] : tally->groups()) {
      for (const auto& [value, sums] : groups) {
        if (!hides_empty_ || !sums.nothing()) values.insert(value);
      }
    }
  }
  return values.size();
}

Result<void> Answer::finish(QueryResult& result) {
  for (auto* tally : {&now_, &before_}) {
    if (auto ok = tally->unite_groups(); !ok) return ok;
  }
  currency_ = ranking_currency();
  result.ranking_currency = currency_;
  if (request_.interval) {
    if (auto ok = fill_intervals(); !ok) return ok;
    for (const auto& [start, sums] : now_.series()) result.series.push_back(rank(sums));
  }
  result.rows = request_.by.empty() ? rows_of_totals() : rows_of_groups();
  result.totals = row(std::nullopt, {}, now_.totals(), before_.totals());
  if (!request_.by.empty()) result.groups = count_groups();
  mark_estimates(result);
  return {};
}

}  // namespace guidepost::query
