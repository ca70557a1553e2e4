// What one event, or one change of sessions, adds to the entries of a page. Folding and explaining have it from here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "event/money.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "rollup/sketch.hpp"

namespace guidepost::rollup {

inline constexpr std::string_view kUnknownCountry = "--";

/// Dimensions of one field, kept in chunk 0. An event without a value has no entry there.
inline constexpr std::array<std::pair<Dimension, event::Field>, 7> kSmallDimensions{
    {{Dimension::kType, event::Field::kType},
     {Dimension::kReferrerDomain, event::Field::kReferrerDomain},
     {Dimension::kDeviceClass, event::Field::kDeviceClass},
     {Dimension::kBrowser, event::Field::kBrowser},
     {Dimension::kOs, event::Field::kOs},
     {Dimension::kCampaign, event::Field::kCampaign},
     {Dimension::kChannel, event::Field::kChannel}}};

constexpr bool has_sessions(Dimension d) {
  return d != Dimension::kType && d != Dimension::kUrl && d != Dimension::kUrlCountry && d != Dimension::kProduct &&
         d != Dimension::kExitPage;
}
constexpr bool has_dwell(Dimension d) {
  return d != Dimension::kType && d != Dimension::kReferrerDomain && d != Dimension::kCampaign &&
         d != Dimension::kChannel && d != Dimension::kProduct && d != Dimension::kEntryPage &&
         d != Dimension::kExitPage;
}
constexpr bool has_events(Dimension d) { return d != Dimension::kEntryPage && d != Dimension::kExitPage; }

using Counters = std::array<std::int64_t, kCounterCount>;
inline std::int64_t& of(Counters& counters, Counter counter) { return counters[static_cast<std::size_t>(counter)]; }

/// What one event adds to every entry that it touches.
struct Contribution {
  Counters counters{};
  Money money;
  bool has_money = false;
  bool has_device = false;
  bool has_customer = false;
  std::uint64_t device = 0;
  std::uint64_t user = 0;
};

/// Of an event itself, without its part in a session.
inline Contribution contribution_of(const event::Accepted& event) {
  Contribution c;
  const auto type = event.text[event::Field::kType];
  const auto guid = event.text[event::Field::kGuid];
  const auto customer = event.text[event::Field::kCustomer];
  const bool purchase = type == "purchase";
  of(c.counters, Counter::kEvents) = 1;
  of(c.counters, Counter::kPageViews) = type == "page_view" ? 1 : 0;
  of(c.counters, Counter::kClicks) = type == "click" ? 1 : 0;
  of(c.counters, Counter::kPurchases) = purchase ? 1 : 0;
  of(c.counters, Counter::kIdentified) = customer.empty() ? 0 : 1;
  of(c.counters, Counter::kItems) = purchase ? event::items_of(event) : 0;
  if (const auto revenue = event::revenue_of(event)) {
    const bool refund = revenue->minor < 0;
    of(c.counters, Counter::kRefunds) = refund ? 1 : 0;
    c.money = {revenue->currency, revenue->minor, refund ? revenue->minor : 0, purchase && !refund ? 1 : 0};
    c.has_money = true;
  }
  c.device = distinct_hash(guid);
  c.has_device = !guid.empty() && (event.flags & event::kNoDevice) == 0;
  c.has_customer = !customer.empty();
  c.user = c.has_customer ? distinct_hash(customer) : c.device;
  return c;
}

/// What a change of sessions adds to an entry of its subject.
inline Counters counters_of(const event::SessionChange& change, Dimension dimension) {
  Counters counters{};
  if (has_sessions(dimension)) {
    of(counters, Counter::kSessions) = change.sessions;
    of(counters, Counter::kBounces) = change.bounces;
  }
  if (dimension == Dimension::kExitPage) of(counters, Counter::kSessions) = change.exits;
  if (has_dwell(dimension)) {
    of(counters, Counter::kDwells) = change.dwells;
    of(counters, Counter::kDwellMs) = change.dwell_ms;
  }
  return counters;
}

inline std::string_view country_of(const event::FieldValues& text) {
  const auto country = text[event::Field::kCountry];
  return country.empty() || country.find('\0') != std::string_view::npos ? kUnknownCountry : country;
}

/// The value that an event has in a dimension: of url x country both parts, else the first. Nothing: none.
inline std::optional<std::pair<std::string_view, std::string_view>> value_in(Dimension dimension,
                                                                             const event::FieldValues& text) {
  const auto some = [](std::string_view value) {
    return value.empty() ? std::nullopt : std::optional(std::pair(value, std::string_view{}));
  };
  switch (dimension) {
    case Dimension::kTotal:
      return std::pair(std::string_view{}, std::string_view{});
    case Dimension::kCountry:
      return std::pair(country_of(text), std::string_view{});
    case Dimension::kUrl:
    case Dimension::kEntryPage:
    case Dimension::kExitPage:
      return some(text[event::Field::kPath]);
    case Dimension::kUrlCountry:
      if (text[event::Field::kPath].empty()) return std::nullopt;
      return std::pair(text[event::Field::kPath], country_of(text));
    case Dimension::kProduct:
      return some(text[event::Field::kProductId]);
    default:
      break;
  }
  for (const auto& [small, field] : kSmallDimensions) {
    if (small == dimension) return some(text[field]);
  }
  return std::nullopt;
}

}  // namespace guidepost::rollup
