#include "verify/recount.hpp"

#include <algorithm>

#include "guidepost/base/codec.hpp"

namespace guidepost::verify {
namespace {

using event::Field;
using rollup::Counter;
using rollup::Dimension;
using rollup::Distinct;

constexpr std::size_t kMostHashes = 65'536;
constexpr std::uint64_t kHashMask = (std::uint64_t{1} << 48) - 1;

void add_event(EntryRecount& entry, const event::Accepted& event, Dimension dimension) {
  const auto count = [&](Counter counter, bool counts) {
    if (counts) ++entry.counters[static_cast<std::size_t>(counter)];
  };
  const auto type = event.text[Field::kType];
  const auto guid = event.text[Field::kGuid];
  const auto customer = event.text[Field::kCustomer];
  count(Counter::kEvents, true);
  count(Counter::kPageViews, type == "page_view");
  count(Counter::kClicks, type == "click");
  count(Counter::kPurchases, type == "purchase");
  count(Counter::kIdentified, !customer.empty());
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

void PageRecount::add(const event::Accepted& event) {
  first_offset = events == 0 ? event.offset : std::min(first_offset, event.offset);
  ++events;
  const auto to = [&](Dimension dimension, std::string_view value) {
    add_event(entries[entry_key(dimension, event.traffic, value)], event, dimension);
  };
  const auto path = event.text[Field::kPath];
  const auto domain = event.text[Field::kReferrerDomain];
  std::string_view country = event.text[Field::kCountry];
  if (country.empty() || country.find('\0') != country.npos) country = "--";
  to(Dimension::kTotal, {});
  to(Dimension::kType, event.text[Field::kType]);
  to(Dimension::kCountry, country);
  if (!domain.empty()) to(Dimension::kReferrerDomain, domain);
  if (path.empty()) return;
  to(Dimension::kUrl, path);
  std::string both(path);
  both.push_back('\0');
  both.append(country);
  to(Dimension::kUrlCountry, both);
}

}  // namespace guidepost::verify
