#include "query/tally.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace guidepost::query {
namespace {

bool passes(TrafficFilter filter, event::Traffic traffic) {
  return filter == TrafficFilter::kAll || (filter == TrafficFilter::kBot) == (traffic == event::Traffic::kBot);
}

Wanted distincts_of(std::span<const Metric> metrics) {
  rollup::Columns columns;
  for (const auto& metric : metrics) want(metric, columns);
  return columns.distinct;
}

tl::unexpected<Error> too_much(std::string_view what) {
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format(
          "the answer has {}; ask for less: a shorter --from/--to, a longer --interval, fewer dimensions in --by, or a --where",
          what));
}

}  // namespace

std::pair<std::string_view, std::string_view> parts_of(rollup::Dimension dimension, std::string_view value) {
  if (dimension != rollup::Dimension::kUrlCountry) return {value, {}};
  const auto border = value.rfind('\0');
  if (border == std::string_view::npos) return {value, {}};
  return {value.substr(0, border), value.substr(border + 1)};
}

AskedFor::AskedFor(const Request& request) : request_(request), parts_(held(request.dimension).parts) {}

bool AskedFor::operator()(const rollup::ReadEntry& entry) const {
  if (!passes(request_.traffic, entry.traffic)) return false;
  if (request_.where.empty()) return true;
  const auto [first, second] = parts_of(entry.dimension, entry.value);
  return std::all_of(request_.where.begin(), request_.where.end(),
                     [&](const Condition& c) { return c.value == (c.part == parts_.front() ? first : second); });
}

Result<void> Budget::add_group() {
  if (++groups_ > options_.max_groups) return too_much(fmt::format("over {} rows", options_.max_groups));
  return {};
}

Result<void> Budget::add_sketch_bytes(std::ptrdiff_t bytes) {
  sketch_bytes_ += bytes;
  if (sketch_bytes_ > static_cast<std::ptrdiff_t>(options_.max_memory.value))
    return too_much(fmt::format("over {} of distinct counts", text::bytes(options_.max_memory.value)));
  return {};
}

Result<void> Budget::check_intervals(std::size_t intervals) const {
  if (intervals > options_.max_groups) return too_much(fmt::format("over {} intervals", options_.max_groups));
  return {};
}

Tally::Tally(const Request& request, Budget& budget, IntervalOf interval_of)
    : request_(request),
      budget_(budget),
      interval_of_(std::move(interval_of)),
      parts_(held(request.dimension).parts),
      wanted_(distincts_of(request.metrics)),
      wanted_first_(distincts_of(std::span(request.metrics).first(1))) {}

Result<void> Tally::enter(Bucket bucket) {
  if (bucket_ == bucket) return {};
  bucket_ = bucket;
  series_now_ = nullptr;
  groups_now_ = nullptr;
  std::optional<TimeMs> interval = TimeMs{};
  if (request_.interval) {
    interval = interval_of_(bucket.start());
    if (!interval) return {};
    series_now_ = &series_[*interval];
  }
  groups_now_ = &groups_[*interval];
  return budget_.check_intervals(series_.size());
}

Result<void> Tally::fill(TimeMs interval) {
  series_.try_emplace(interval);
  return budget_.check_intervals(series_.size());
}

/// The distinct counts of all groups are those of the totals: united once instead of counted twice. In order, for estimates
/// depend on it.
Result<void> Tally::unite_groups() {
  std::ptrdiff_t grown = 0;
  for (const auto& [start, groups] : groups_) {
    std::vector<std::pair<std::string_view, const Sums*>> order;
    order.reserve(groups.size());
    for (const auto& [value, sums] : groups) order.emplace_back(value, &sums);
    std::sort(order.begin(), order.end());
    for (const auto& [value, sums] : order) grown += totals_.unite(*sums);
  }
  return budget_.add_sketch_bytes(grown);
}

Result<Sums*> Tally::group(Groups& groups, std::string_view value) {
  if (auto* sums = groups.find(value)) return sums;
  if (auto ok = budget_.add_group(); !ok) return tl::unexpected(ok.error());
  return &groups.make(value);
}

/// As it is, where all its parts are asked for.
std::string_view Tally::value_of_group(const rollup::ReadEntry& entry) const {
  if (request_.by.size() == parts_.size()) return entry.value;
  const auto [first, second] = parts_of(entry.dimension, entry.value);
  return request_.by.front() == parts_.front() ? first : second;
}

Result<void> Tally::merge(Sums& sums, const rollup::ReadEntry& entry, const Wanted& wanted) {
  return budget_.add_sketch_bytes(sums.add(entry, wanted));
}

Result<void> Tally::add(std::span<const rollup::ReadEntry> entries) {
  while (!entries.empty()) {
    const auto bucket = entries.front().bucket;
    std::size_t count = 1;
    while (count < std::min(entries.size(), kAtOnce) && entries[count].bucket == bucket) ++count;
    if (auto ok = enter(bucket); !ok) return ok;
    if (auto ok = add_to_rows(entries.first(count)); !ok) return ok;
    entries = entries.subspan(count);
  }
  return {};
}

Result<void> Tally::add_to_rows(std::span<const rollup::ReadEntry> entries) {
  const bool in_groups = !request_.by.empty() && groups_now_ != nullptr;
  for (const auto& entry : entries) {
    if (auto ok = merge(totals_, entry, in_groups ? Wanted{} : wanted_); !ok) return ok;
    if (series_now_ == nullptr) continue;
    if (auto ok = merge(*series_now_, entry, request_.by.empty() ? wanted_ : wanted_first_); !ok) return ok;
  }
  if (!in_groups) return {};
  if (auto ok = add_to_groups(*groups_now_, entries, wanted_); !ok) return ok;
  if (!request_.interval || !request_.top) return {};
  return add_to_groups(whole_, entries, wanted_first_);
}

/// Most of the time is waiting for memory, for each entry belongs to another group: so they are found first, and what they
/// hold is on its way while the next one is looked for.
Result<void> Tally::add_to_groups(Groups& groups, std::span<const rollup::ReadEntry> entries, const Wanted& wanted) {
  std::array<Sums*, kAtOnce> found;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto sums = group(groups, value_of_group(entries[i]));
    if (!sums) return tl::unexpected(sums.error());
    found[i] = *sums;
    found[i]->prefetch();
  }
  for (std::size_t i = 0; i < entries.size(); ++i) found[i]->prefetch(wanted);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (auto ok = merge(*found[i], entries[i], wanted); !ok) return ok;
  }
  return {};
}

}  // namespace guidepost::query
