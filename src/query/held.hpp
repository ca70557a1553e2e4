// What pages hold: which dimensions, and which numbers of each. The one place that parsing, messages and docs/query.md have it
// from; what pages are folded to is in src/rollup/fold.cpp, and a test compares the two.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/rollup/page_format.hpp"

namespace guidepost::query {

/// What rows are grouped by: parts of the value of a dimension.
enum class Part : std::uint8_t {
  kType,
  kUrl,
  kCountry,
  kReferrerDomain,
  kDeviceClass,
  kBrowser,
  kOs,
  kCampaign,
  kChannel,
  kProduct,
  kEntryPage,
  kExitPage
};
std::string_view to_string(Part part);
/// Also by its other names (`referrer`, `device`); nothing where it is none.
std::optional<Part> find_part(std::string_view word);
std::vector<std::string> part_names();

/// What of an entry numbers are made of.
enum class Group : std::uint8_t {
  kEvents,  ///< all that events add: counts, money, devices and users
  kCustomers,  ///< distinct customers
  kSessions,
  kBounces,
  kTimes,  ///< on pages
};

/// How a number is made.
enum class Kind : std::uint8_t {
  kCounter,  ///< a counter of pages
  kDistinct,  ///< a distinct count of pages
  kRevenue,  ///< money, by currency
  kRefunds,  ///< what was given back, positive
  kOrderValue,  ///< money for an order: what was paid, before refunds
  kOrders,  ///< over all currencies
  kBounceRate,  ///< bounces for a session, in 1/10,000
  kAverageTime  ///< on a page, in ms
};

/// A number that can be asked for.
struct Metric {
  std::string_view name;
  Group group;
  Kind kind;
  rollup::Counter counter = rollup::Counter::kEvents;
  rollup::Distinct distinct = rollup::Distinct::kDevices;

  bool is_money() const { return kind == Kind::kRevenue || kind == Kind::kRefunds || kind == Kind::kOrderValue; }
};
std::span<const Metric> all_metrics();
std::string metric_names();  ///< `events, page_views, ...`

/// A dimension of pages, with what it holds.
struct Held {
  rollup::Dimension dimension;
  std::vector<Part> parts;  ///< of its values, in their order; ascending
  std::vector<Group> groups;

  bool has(Group group) const;
};
std::span<const Held> all_held();
const Held& held(rollup::Dimension dimension);
/// Whether a value of which nothing is left has no row: a page that a session was taken to begin or end on, until another
/// event came, has no session any more.
bool hides_empty_rows(rollup::Dimension dimension);
/// `url,country`; `total`.
std::string join(std::span<const Part> parts);
/// All that is held together: `total; type; url; ...`.
std::string held_words();
/// Why a metric cannot be had of a dimension, and what to ask for instead.
std::string not_held(const Metric& metric, const Held& of);
/// The table of docs/query.md.
std::string held_reference();

}  // namespace guidepost::query
