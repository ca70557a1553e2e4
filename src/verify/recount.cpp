#include "verify/recount.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>

#include "guidepost/base/codec.hpp"

namespace guidepost::verify {
namespace {

using event::Field;
using rollup::Counter;
using rollup::Dimension;
using rollup::Distinct;

constexpr std::size_t kMostHashes = 65'536;
constexpr std::uint64_t kHashMask = (std::uint64_t{1} << 48) - 1;

std::optional<std::int64_t> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::strtoll(std::string(text).c_str(), nullptr, 10);
}

std::int64_t items(const event::Accepted& event) {
  const auto quantity = event.text[Field::kProductQuantity];
  const bool digits = quantity.find_first_not_of("0123456789") == std::string_view::npos && quantity.size() <= 18;
  if (const auto pieces = digits ? number(quantity) : std::nullopt; pieces && *pieces >= 1 && *pieces <= 1'000'000) {
    return *pieces;
  }
  return event.text[Field::kProductId].empty() ? 0 : 1;
}

void add_event(EntryRecount& entry, const event::Accepted& event, Dimension dimension) {
  const auto count = [&](Counter counter, bool counts) {
    if (counts) ++entry.counters[static_cast<std::size_t>(counter)];
  };
  const auto type = event.text[Field::kType];
  const auto guid = event.text[Field::kGuid];
  const auto customer = event.text[Field::kCustomer];
  entry.rows.add(event.offset);
  count(Counter::kEvents, true);
  count(Counter::kPageViews, type == "page_view");
  count(Counter::kClicks, type == "click");
  count(Counter::kPurchases, type == "purchase");
  count(Counter::kIdentified, !customer.empty());
  if (type == "purchase") entry.counters[static_cast<std::size_t>(Counter::kItems)] += items(event);
  if (const auto revenue = number(event.text[Field::kRevenueMinor])) {
    auto& sums = entry.money[std::string(event.text[Field::kCurrency])];
    sums[0] += *revenue;
    if (*revenue < 0) sums[1] += *revenue;
    if (*revenue >= 0 && type == "purchase") ++sums[2];
    count(Counter::kRefunds, *revenue < 0);
  }
  const auto distinct = [&](Distinct which) -> DistinctRecount& {
    return entry.distinct[static_cast<std::size_t>(which)];
  };
  if ((event.flags & event::kNoDevice) == 0) distinct(Distinct::kDevices).add(guid);
  distinct(Distinct::kUsers).add(customer.empty() ? guid : customer);
  if (dimension == Dimension::kTotal && !customer.empty()) distinct(Distinct::kCustomers).add(customer);
}

}  // namespace

void DistinctRecount::add(std::string_view id) { add_hash(hash64(id) & kHashMask); }

void DistinctRecount::add_hash(std::uint64_t hash) {
  if (!sampled(hash)) return;
  hashes_.push_back(hash);
  if (hashes_.size() >= 2 * sorted_ + 64) compact();
}

void DistinctRecount::merge(const DistinctRecount& other) {
  other.compact();
  level_ = std::max(level_, other.level_);
  for (const auto hash : other.hashes_) add_hash(hash);
  sorted_ = 0;  // a higher level may have thinned out what was sorted
  compact();
}

void DistinctRecount::compact() const {
  if (sorted_ == hashes_.size()) return;
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  std::erase_if(hashes_, [&](std::uint64_t h) { return !sampled(h); });
  while (hashes_.size() > kMostHashes) {
    ++level_;
    std::erase_if(hashes_, [&](std::uint64_t h) { return !sampled(h); });
  }
  sorted_ = hashes_.size();
}

std::uint64_t DistinctRecount::count() const {
  compact();
  return static_cast<std::uint64_t>(hashes_.size()) << level_;
}

const std::vector<std::uint64_t>& DistinctRecount::hashes() const {
  compact();
  return hashes_;
}

std::string entry_key(Dimension dimension, event::Traffic traffic, std::string_view value) {
  std::string key;
  key.reserve(2 + value.size());
  key.push_back(static_cast<char>(dimension));
  key.push_back(static_cast<char>(traffic));
  key.append(value);
  return key;
}

namespace {

/// Calls `to` with each dimension and value that an event has, but for those of sessions alone.
template <class To>
void each_value(const event::Accepted& event, To to) {
  const auto& text = event.text;
  std::string_view country = text[Field::kCountry];
  if (country.empty() || country.find('\0') != country.npos) country = "--";
  to(Dimension::kTotal, std::string_view{});
  to(Dimension::kType, text[Field::kType]);
  to(Dimension::kCountry, country);
  to(Dimension::kReferrerDomain, text[Field::kReferrerDomain]);
  to(Dimension::kDeviceClass, text[Field::kDeviceClass]);
  to(Dimension::kBrowser, text[Field::kBrowser]);
  to(Dimension::kOs, text[Field::kOs]);
  to(Dimension::kCampaign, text[Field::kCampaign]);
  to(Dimension::kChannel, text[Field::kChannel]);
  to(Dimension::kProduct, text[Field::kProductId]);
  const auto path = text[Field::kPath];
  if (path.empty()) return;
  to(Dimension::kUrl, path);
  to(Dimension::kUrlCountry, std::string(path) + '\0' + std::string(country));
}

bool is_one_of(Dimension dimension, std::initializer_list<Dimension> these) {
  return std::find(these.begin(), these.end(), dimension) != these.end();
}

}  // namespace

void PageRecount::add(const event::Accepted& event) {
  first_offset = events == 0 ? event.offset : std::min(first_offset, event.offset);
  rows.add(event.offset);
  ++events;
  each_value(event, [&](Dimension dimension, std::string_view value) {
    if (value.empty() && dimension != Dimension::kTotal) return;
    add_event(entries[entry_key(dimension, event.traffic, value)], event, dimension);
  });
}

void PageRecount::add(const event::SessionChange& change, const event::Accepted& subject) {
  const auto add = [&](Dimension dimension, std::string_view value, Counter counter, std::int64_t n) {
    if (n == 0 || (value.empty() && dimension != Dimension::kTotal)) return;
    auto& entry = entries[entry_key(dimension, subject.traffic, value)];
    entry.counters[static_cast<std::size_t>(counter)] += n;
    entry.rows.add(change.cause);
  };
  each_value(subject, [&](Dimension dimension, std::string_view value) {
    if (!is_one_of(dimension, {Dimension::kType, Dimension::kUrl, Dimension::kUrlCountry, Dimension::kProduct})) {
      add(dimension, value, Counter::kSessions, change.sessions);
      add(dimension, value, Counter::kBounces, change.bounces);
    }
    if (is_one_of(dimension, {Dimension::kTotal, Dimension::kCountry, Dimension::kUrl, Dimension::kUrlCountry,
                              Dimension::kDeviceClass, Dimension::kBrowser, Dimension::kOs})) {
      add(dimension, value, Counter::kDwells, change.dwells);
      add(dimension, value, Counter::kDwellMs, change.dwell_ms);
    }
  });
  const auto path = subject.text[Field::kPath];
  add(Dimension::kEntryPage, path, Counter::kSessions, change.sessions);
  add(Dimension::kEntryPage, path, Counter::kBounces, change.bounces);
  add(Dimension::kExitPage, path, Counter::kSessions, change.exits);
}

}  // namespace guidepost::verify
