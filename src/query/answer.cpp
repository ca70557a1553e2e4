#include "query/answer.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

namespace guidepost::query {
namespace {

using rollup::Dimension;

bool passes(TrafficFilter filter, event::Traffic traffic) {
  return filter == TrafficFilter::kAll || (filter == TrafficFilter::kBot) == (traffic == event::Traffic::kBot);
}

Part first_part(Dimension dimension) {
  switch (dimension) {
    case Dimension::kType:
      return Part::kType;
    case Dimension::kCountry:
      return Part::kCountry;
    case Dimension::kReferrerDomain:
      return Part::kReferrerDomain;
    default:
      return Part::kUrl;
  }
}

std::pair<std::string_view, std::string_view> parts_of(Dimension dimension, std::string_view value) {
  if (dimension != Dimension::kUrlCountry) return {value, {}};
  const auto border = value.rfind('\0');
  if (border == std::string_view::npos) return {value, {}};
  return {value.substr(0, border), value.substr(border + 1)};
}

/// Most first, then by value: what is shown does not depend on the order of a hash table.
bool ranks_before(std::int64_t a, std::string_view a_value, std::int64_t b, std::string_view b_value) {
  return a != b ? a > b : a_value < b_value;
}

}  // namespace

Answer::Answer(const Request& request, const QueryOptions& options) : request_(request), options_(options) {
  for (const auto& metric : request.metrics) {
    if (metric.distinct) wanted_[static_cast<std::size_t>(*metric.distinct)] = true;
  }
  const auto first = request.metrics.front().distinct;
  if (first) wanted_first_[static_cast<std::size_t>(*first)] = true;
}

bool Answer::is_asked_for(const rollup::ReadEntry& entry, std::string_view first, std::string_view second) const {
  if (!passes(request_.traffic, entry.traffic)) return false;
  const auto part = first_part(entry.dimension);
  return std::all_of(request_.where.begin(), request_.where.end(),
                     [&](const Condition& c) { return c.value == (c.part == part ? first : second); });
}

Result<void> Answer::too_much(std::string_view what) const {
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format(
          "the answer has {}; ask for less: a shorter --from/--to, a longer --interval, fewer dimensions in --by, or a --where",
          what));
}

Result<void> Answer::enter(Bucket bucket) {
  if (bucket_ == bucket) return {};
  bucket_ = bucket;
  TimeMs start;
  if (request_.interval) {
    start = request_.zone.floor(bucket.start(), *request_.interval);
    series_now_ = &series_[start];
  }
  groups_now_ = &groups_[start];
  if (series_.size() > options_.max_groups) return too_much(fmt::format("over {} intervals", options_.max_groups));
  return {};
}

Result<Answer::Sums*> Answer::group(Groups& groups, std::string_view value) {
  if (const auto found = groups.find(value); found != groups.end()) return &found->second;
  if (++group_count_ > options_.max_groups) {
    if (auto stop = too_much(fmt::format("over {} rows", options_.max_groups)); !stop)
      return tl::unexpected(stop.error());
  }
  return &groups[std::string(value)];
}

Result<void> Answer::merge(Sums& sums, const rollup::ReadEntry& entry, const Wanted& wanted) {
  for (std::size_t c = 0; c < rollup::kCounterCount; ++c)
    sums.counters[c] = rollup::add_counters(sums.counters[c], entry.counters[c]);
  for (std::size_t d = 0; d < rollup::kDistinctCount; ++d) {
    if (!wanted[d]) continue;
    auto& count = sums.distinct[d];
    const auto before = count.memory_bytes();
    if (entry.distinct[d].image.empty()) {
      entry.distinct[d].copy_hashes(hashes_);
      count.merge(hashes_);
    } else {
      count.merge_image(entry.distinct[d].image);
    }
    sketch_bytes_ += count.memory_bytes() - before;
  }
  if (sketch_bytes_ > options_.max_memory.value)
    return too_much(fmt::format("over {} of distinct counts", text::bytes(options_.max_memory.value)));
  return {};
}

Result<void> Answer::add(const rollup::ReadEntry& entry) {
  const auto [first, second] = parts_of(entry.dimension, entry.value);
  if (!is_asked_for(entry, first, second)) return {};
  if (auto ok = enter(entry.bucket); !ok) return ok;
  if (auto ok = merge(totals_, entry, wanted_); !ok) return ok;
  if (series_now_ != nullptr) {
    if (auto ok = merge(*series_now_, entry, request_.by.empty() ? wanted_ : wanted_first_); !ok) return ok;
  }
  if (request_.by.empty()) return {};
  const auto value = request_.by.size() == 2                              ? entry.value
                     : request_.by.front() == first_part(entry.dimension) ? first
                                                                          : second;
  auto sums = group(*groups_now_, value);
  if (!sums) return tl::unexpected(sums.error());
  if (auto ok = merge(**sums, entry, wanted_); !ok) return ok;
  if (!request_.interval || !request_.top) return {};
  auto whole = group(whole_, value);
  if (!whole) return tl::unexpected(whole.error());
  return merge(**whole, entry, wanted_first_);
}

std::int64_t Answer::metric_of(const Sums& sums, const Metric& metric) {
  if (metric.counter) return sums.counters[static_cast<std::size_t>(*metric.counter)];
  return static_cast<std::int64_t>(sums.distinct[static_cast<std::size_t>(*metric.distinct)].estimate());
}

std::vector<std::int64_t> Answer::metrics_of(const Sums& sums) const {
  std::vector<std::int64_t> values;
  values.reserve(request_.metrics.size());
  for (const auto& metric : request_.metrics) values.push_back(metric_of(sums, metric));
  return values;
}

std::vector<std::string> Answer::values_of(std::string_view key) const {
  if (request_.by.size() < 2) return {std::string(key)};
  const auto [url, country] = parts_of(Dimension::kUrlCountry, key);
  if (request_.by.front() == Part::kUrl) return {std::string(url), std::string(country)};
  return {std::string(country), std::string(url)};
}

std::vector<std::string_view> Answer::ranked(const Groups& groups) const {
  std::vector<std::pair<std::int64_t, std::string_view>> order;
  order.reserve(groups.size());
  for (const auto& [value, sums] : groups) order.emplace_back(metric_of(sums, request_.metrics.front()), value);
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return ranks_before(a.first, a.second, b.first, b.second); });
  std::vector<std::string_view> values;
  values.reserve(order.size());
  for (const auto& [metric, value] : order) values.push_back(value);
  return values;
}

std::vector<ResultRow> Answer::rows_of_totals() const {
  if (!request_.interval) return {{std::nullopt, {}, metrics_of(totals_)}};
  std::vector<ResultRow> rows;
  rows.reserve(series_.size());
  for (const auto& [start, sums] : series_) rows.push_back({start, {}, metrics_of(sums)});
  return rows;
}

std::vector<ResultRow> Answer::rows_of_groups() const {
  // --top chooses over the whole time, not anew in each interval.
  const bool over_intervals = request_.interval && request_.top;
  std::unordered_set<std::string_view> chosen;
  const auto choose = [&](const Groups& groups) {
    for (auto value : ranked(groups)) {
      if (chosen.size() < *request_.top) chosen.insert(value);
    }
  };
  if (over_intervals) choose(whole_);
  std::vector<ResultRow> rows;
  for (const auto& [start, groups] : groups_) {
    if (request_.top && !over_intervals) choose(groups);
    for (auto value : ranked(groups)) {
      if (request_.top && !chosen.contains(value)) continue;
      const auto bucket = request_.interval ? std::optional(start) : std::nullopt;
      rows.push_back({bucket, values_of(value), metrics_of(groups.find(value)->second)});
    }
  }
  return rows;
}

Result<void> Answer::finish(QueryResult& result) && {
  if (request_.interval) {  // also those in which nothing happened
    for (auto bucket = Bucket::of(request_.from); bucket.start() < request_.to; bucket = Bucket{bucket.value + 1}) {
      if (bucket.start() < request_.from) continue;
      series_.try_emplace(request_.zone.floor(bucket.start(), *request_.interval));
      if (series_.size() > options_.max_groups) return too_much(fmt::format("over {} intervals", options_.max_groups));
    }
    for (const auto& [start, sums] : series_) result.series.push_back(metric_of(sums, request_.metrics.front()));
  }
  result.rows = request_.by.empty() ? rows_of_totals() : rows_of_groups();
  result.totals.metrics = metrics_of(totals_);
  if (!request_.by.empty()) {
    std::unordered_set<std::string_view> values;
    for (const auto& [start, groups] : groups_) {
      for (const auto& [value, sums] : groups) values.insert(value);
    }
    result.groups = values.size();
  }
  return {};
}

}  // namespace guidepost::query
