#include "query/held.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/assert.hpp"

namespace guidepost::query {
namespace {

using rollup::Counter;
using rollup::Dimension;
using rollup::Distinct;

constexpr Metric counter(std::string_view name, Counter counter, Group group = Group::kEvents) {
  return {.name = name, .group = group, .kind = Kind::kCounter, .counter = counter};
}
constexpr Metric distinct(std::string_view name, Distinct distinct, Group group = Group::kEvents) {
  return {.name = name, .group = group, .kind = Kind::kDistinct, .distinct = distinct};
}
constexpr Metric made(std::string_view name, Kind kind, Group group = Group::kEvents) {
  return {.name = name, .group = group, .kind = kind};
}

constexpr std::array kMetrics{counter("events", Counter::kEvents),
                              counter("page_views", Counter::kPageViews),
                              counter("clicks", Counter::kClicks),
                              counter("purchases", Counter::kPurchases),
                              made("orders", Kind::kOrders),
                              counter("items", Counter::kItems),
                              made("revenue", Kind::kRevenue),
                              made("refunds", Kind::kRefunds),
                              counter("refund_events", Counter::kRefunds),
                              made("average_order_value", Kind::kOrderValue),
                              counter("sessions", Counter::kSessions, Group::kSessions),
                              counter("bounces", Counter::kBounces, Group::kBounces),
                              made("bounce_rate", Kind::kBounceRate, Group::kBounces),
                              made("avg_time_ms", Kind::kAverageTime, Group::kTimes),
                              distinct("devices", Distinct::kDevices),
                              distinct("users", Distinct::kUsers),
                              distinct("customers", Distinct::kCustomers, Group::kCustomers),
                              counter("identified", Counter::kIdentified)};

constexpr std::array<std::string_view, 12> kPartNames{"type",         "url",     "country",    "referrer_domain",
                                                      "device_class", "browser", "os",         "campaign",
                                                      "channel",      "product", "entry_page", "exit_page"};
constexpr std::array<std::pair<std::string_view, Part>, 2> kOtherNames{
    {{"referrer", Part::kReferrerDomain}, {"device", Part::kDeviceClass}}};

const std::vector<Held>& sets() {
  using enum Group;
  static const std::vector<Held> all{
      {Dimension::kTotal, {}, {kEvents, kCustomers, kSessions, kBounces, kTimes}},
      {Dimension::kType, {Part::kType}, {kEvents}},
      {Dimension::kUrl, {Part::kUrl}, {kEvents, kTimes}},
      {Dimension::kCountry, {Part::kCountry}, {kEvents, kSessions, kBounces, kTimes}},
      {Dimension::kUrlCountry, {Part::kUrl, Part::kCountry}, {kEvents, kTimes}},
      {Dimension::kReferrerDomain, {Part::kReferrerDomain}, {kEvents, kSessions, kBounces}},
      {Dimension::kDeviceClass, {Part::kDeviceClass}, {kEvents, kSessions, kBounces, kTimes}},
      {Dimension::kBrowser, {Part::kBrowser}, {kEvents, kSessions, kBounces, kTimes}},
      {Dimension::kOs, {Part::kOs}, {kEvents, kSessions, kBounces, kTimes}},
      {Dimension::kCampaign, {Part::kCampaign}, {kEvents, kSessions, kBounces}},
      {Dimension::kChannel, {Part::kChannel}, {kEvents, kSessions, kBounces}},
      {Dimension::kProduct, {Part::kProduct}, {kEvents}},
      {Dimension::kEntryPage, {Part::kEntryPage}, {kSessions, kBounces}},
      {Dimension::kExitPage, {Part::kExitPage}, {kSessions}}};
  return all;
}

std::vector<std::string_view> names_of(const Held& of) {
  std::vector<std::string_view> names;
  for (const auto& metric : kMetrics) {
    if (of.has(metric.group)) names.push_back(metric.name);
  }
  return names;
}

/// Where to find nearly the same.
std::string_view instead(const Metric& metric, const Held& of) {
  const auto is = [&](auto... dimensions) { return ((of.dimension == dimensions) || ...); };
  switch (metric.group) {
    case Group::kSessions:
      if (is(Dimension::kUrl, Dimension::kUrlCountry))
        return "; use --by entry_page for the pages that sessions begin on, --by exit_page for those they end on";
      break;
    case Group::kBounces:
      if (is(Dimension::kUrl, Dimension::kUrlCountry, Dimension::kExitPage)) return "; use --by entry_page";
      break;
    case Group::kEvents:
    case Group::kTimes:
      if (is(Dimension::kEntryPage, Dimension::kExitPage)) return "; use --by url";
      break;
    case Group::kCustomers:
      return "; customers are held for the total only, without --by and --where";
  }
  return "";
}

}  // namespace

std::string_view to_string(Part part) {
  const auto number = static_cast<std::size_t>(part);
  return number < kPartNames.size() ? kPartNames[number] : "unknown";
}

std::optional<Part> find_part(std::string_view word) {
  const auto found = std::find(kPartNames.begin(), kPartNames.end(), word);
  if (found != kPartNames.end()) return static_cast<Part>(found - kPartNames.begin());
  for (const auto& [name, part] : kOtherNames) {
    if (word == name) return part;
  }
  return std::nullopt;
}

std::vector<std::string> part_names() { return {kPartNames.begin(), kPartNames.end()}; }

std::span<const Metric> all_metrics() { return kMetrics; }

std::string metric_names() {
  std::vector<std::string_view> names;
  names.reserve(kMetrics.size());
  for (const auto& metric : kMetrics) names.push_back(metric.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

bool Held::has(Group group) const { return std::find(groups.begin(), groups.end(), group) != groups.end(); }

std::span<const Held> all_held() { return sets(); }

const Held& held(rollup::Dimension dimension) {
  const auto found =
      std::find_if(sets().begin(), sets().end(), [&](const Held& set) { return set.dimension == dimension; });
  GUIDEPOST_ASSERT(found != sets().end());
  return *found;
}

bool hides_empty_rows(rollup::Dimension dimension) {
  return dimension == Dimension::kEntryPage || dimension == Dimension::kExitPage;
}

std::string join(std::span<const Part> parts) {
  std::vector<std::string_view> words;
  words.reserve(parts.size());
  for (auto part : parts) words.push_back(to_string(part));
  return words.empty() ? "total" : fmt::format("{}", fmt::join(words, ","));
}

std::string held_words() {
  std::vector<std::string> words;
  for (const auto& set : sets()) words.push_back(join(set.parts));
  return fmt::format("{}", fmt::join(words, "; "));
}

std::string not_held(const Metric& metric, const Held& of) {
  const auto where = join(of.parts);
  return fmt::format("{} is not held by {}, which has {}{}", metric.name, where, fmt::join(names_of(of), ", "),
                     instead(metric, of));
}

std::string held_reference() {
  constexpr std::array<std::pair<std::string_view, Group>, 5> kColumns{
      {{"events, money, devices, users", Group::kEvents},
       {"sessions", Group::kSessions},
       {"bounces", Group::kBounces},
       {"times", Group::kTimes},
       {"customers", Group::kCustomers}}};
  std::string out = "| together |";
  for (const auto& [title, group] : kColumns) out += fmt::format(" {} |", title);
  out += "\n|---|";
  for (std::size_t i = 0; i < kColumns.size(); ++i) out += "---|";
  for (const auto& set : sets()) {
    out += fmt::format("\n| `{}` |", join(set.parts));
    for (const auto& [title, group] : kColumns) out += set.has(group) ? " yes |" : " |";
  }
  return out + '\n';
}

}  // namespace guidepost::query
