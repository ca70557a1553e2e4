#include "verify/compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"

namespace guidepost::verify {
namespace {

using rollup::Dimension;

constexpr std::array<std::string_view, rollup::kCounterCount> kCounterNames{
    "events",  "page_views", "clicks",   "purchases", "identified", "sessions",
    "bounces", "dwells",     "dwell_ms", "items",     "refunds"};
constexpr std::array<std::string_view, 3> kMoneyNames{"revenue", "refunded", "orders"};
constexpr std::array<std::string_view, rollup::kDistinctCount> kDistinctNames{"devices", "users", "customers"};

// Five standard errors of the sketch (1.6 %), and of the sample of a recount that is not exact (0.5 %).
constexpr double kTolerance = 0.08;
constexpr double kToleranceSampled = 0.084;

bool is_other(std::string_view value) {
  return value.starts_with(rollup::kOther) &&
         (value.size() == rollup::kOther.size() || value[rollup::kOther.size()] == '\0');
}

/// The `(other)` that a value folds into: of url x country one for each country, two letters or `--`, which also stands
/// for the countries that a chunk has no room for. Where it is there, all of them are compared together.
std::string other_of(Dimension dimension, std::string_view value, bool together) {
  std::string other(rollup::kOther);
  if (dimension != Dimension::kUrlCountry) return other;
  const auto country = value.substr(std::min(value.size(), value.rfind('\0') + 1));
  other.push_back('\0');
  return other + (country.size() == 2 && !together ? std::string(country) : "--");
}

/// One value of a page, on either side; several stored ones where `(other)` is in several chunks.
struct Sides {
  std::vector<const rollup::StoredEntry*> stored;
  std::vector<const EntryRecount*> recounted;
};

class PageComparison {
 public:
  PageComparison(const std::string& merchant, Bucket bucket, SourceId source, Findings& findings)
      : merchant_(merchant), bucket_(bucket), source_(source), findings_(findings) {}

  void compare(const StoredPage& page, const PageRecount& recount);

 private:
  void compare_value(const std::string& key, const Sides& sides);
  void compare_distinct(const std::string& key, const Sides& sides, std::size_t which);
  void compare_money(const std::string& key, const Sides& sides);
  void differ(const std::string& key, const Sides& sides, std::string measure, double stored, double recounted);
  void whole(const PageRecount& recount, std::string measure, double stored, double recounted) {
    findings_.add(
        {merchant_, source_, bucket_.start(), "page", "", "", std::move(measure), stored, recounted, recount.rows});
  }

  const std::string& merchant_;
  Bucket bucket_;
  SourceId source_;
  Findings& findings_;
};

void PageComparison::differ(const std::string& key, const Sides& sides, std::string measure, double stored,
                            double recounted) {
  const auto dimension = static_cast<Dimension>(key[0]);
  const auto traffic = static_cast<event::Traffic>(key[1]);
  FirstOffsets rows;
  for (const auto* entry : sides.recounted) rows.add(entry->rows);
  findings_.add({merchant_, source_, bucket_.start(), std::string(to_string(dimension)),
                 std::string(to_string(traffic)), key.substr(2), std::move(measure), stored, recounted, rows});
}

void PageComparison::compare(const StoredPage& page, const PageRecount& recount) {
  ++findings_.report().pages;
  if (page.events != recount.events) {
    whole(recount, "events", static_cast<double>(page.events), static_cast<double>(recount.events));
  }
  if (page.events > 0 && recount.events > 0 && page.first_offset != recount.first_offset) {
    whole(recount, "first offset", static_cast<double>(page.first_offset.value),
          static_cast<double>(recount.first_offset.value));
  }
  std::array<bool, 2> together{};
  for (const auto& entry : page.entries) {
    if (entry.dimension == Dimension::kUrlCountry && entry.value == other_of(entry.dimension, {}, true))
      together[static_cast<std::size_t>(entry.traffic)] = true;
  }
  std::map<std::string, Sides> values;
  for (const auto& entry : page.entries) {
    // A url that is really called `(other)` cannot be told from what was folded: it is compared with it.
    const auto value = is_other(entry.value)
                           ? other_of(entry.dimension, entry.value, together[static_cast<std::size_t>(entry.traffic)])
                           : entry.value;
    values[entry_key(entry.dimension, entry.traffic, value)].stored.push_back(&entry);
  }
  for (const auto& [key, entry] : recount.entries) {
    const auto value = std::string_view(key).substr(2);
    const auto known = values.find(key);
    if (!is_other(value) && known != values.end() && !known->second.stored.empty()) {
      known->second.recounted.push_back(&entry);
      continue;
    }
    const auto dimension = static_cast<Dimension>(key[0]);
    const auto traffic = static_cast<event::Traffic>(key[1]);
    const auto other = values.find(
        entry_key(dimension, traffic, other_of(dimension, value, together[static_cast<std::size_t>(traffic)])));
    if (other != values.end() && !other->second.stored.empty()) {
      other->second.recounted.push_back(&entry);
      ++findings_.report().folded;
    } else {
      values[key].recounted.push_back(&entry);
    }
  }
  for (const auto& [key, sides] : values) compare_value(key, sides);
}

void PageComparison::compare_value(const std::string& key, const Sides& sides) {
  if (sides.stored.size() > 1 && !is_other(std::string_view(key).substr(2))) {
    differ(key, sides, "stored more than once", static_cast<double>(sides.stored.size()), 1);
  }
  for (std::size_t i = 0; i < rollup::kCounterCount; ++i) {
    std::int64_t stored = 0, recounted = 0;
    for (const auto* entry : sides.stored) stored += entry->counters[i];
    for (const auto* entry : sides.recounted) recounted += entry->counters[i];
    ++findings_.report().cells;
    if (stored != recounted) {
      differ(key, sides, std::string(kCounterNames[i]), static_cast<double>(stored), static_cast<double>(recounted));
    }
  }
  for (std::size_t i = 0; i < rollup::kDistinctCount; ++i) compare_distinct(key, sides, i);
  compare_money(key, sides);
}

void PageComparison::compare_money(const std::string& key, const Sides& sides) {
  struct Sums {
    std::array<std::int64_t, 3> stored{}, recounted{};
  };
  std::map<std::string, Sums> currencies;
  for (const auto* entry : sides.stored) {
    for (const auto& money : entry->money) {
      auto& sums = currencies[std::string(money.currency.begin(), money.currency.end())].stored;
      sums[0] += money.revenue;
      sums[1] += money.refunds;
      sums[2] += money.orders;
    }
  }
  for (const auto* entry : sides.recounted) {
    for (const auto& [currency, money] : entry->money) {
      auto& sums = currencies[currency].recounted;
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += money[i];
    }
  }
  for (const auto& [currency, sums] : currencies) {
    for (std::size_t i = 0; i < kMoneyNames.size(); ++i) {
      ++findings_.report().cells;
      if (sums.stored[i] == sums.recounted[i]) continue;
      differ(key, sides, std::string(kMoneyNames[i]) + " in " + text::escape(currency),
             static_cast<double>(sums.stored[i]), static_cast<double>(sums.recounted[i]));
    }
  }
}

void PageComparison::compare_distinct(const std::string& key, const Sides& sides, std::size_t which) {
  std::vector<const rollup::StoredSketch*> sketches;
  sketches.reserve(sides.stored.size());
  for (const auto* entry : sides.stored) sketches.push_back(&entry->distinct[which]);
  DistinctRecount merged;
  const DistinctRecount* recounted = &merged;
  if (sides.recounted.size() == 1) {
    recounted = &sides.recounted[0]->distinct[which];
  } else {
    for (const auto* entry : sides.recounted) merged.merge(entry->distinct[which]);
  }
  ++findings_.report().cells;
  const std::string name(kDistinctNames[which]);
  const auto stored = estimate(sketches);
  if (!stored)
    return differ(key, sides, name + ": " + stored.error().message, 0, static_cast<double>(recounted->count()));
  const auto expected = static_cast<double>(recounted->count());
  if (stored->exact) {
    // Not only as many, but the same ones.
    if (stored->hashes.size() <= rollup::StoredSketch::kInlineMax * std::max<std::size_t>(1, sketches.size()) &&
        recounted->exact() && stored->hashes == recounted->hashes()) {
      return;
    }
    return differ(key, sides, stored->count == expected ? name + " (as many, but others)" : name, stored->count,
                  expected);
  }
  const auto tolerance = recounted->exact() ? kTolerance : kToleranceSampled;
  const bool too_small =
      sketches.size() == 1 && recounted->exact() && recounted->hashes().size() <= rollup::StoredSketch::kInlineMax;
  if (too_small || std::abs(stored->count - expected) > tolerance * expected)
    differ(key, sides, name, stored->count, expected);
}

}  // namespace

void compare_page(const std::string& merchant, Bucket bucket, SourceId source, const StoredPage& page,
                  const PageRecount& recount, Findings& findings) {
  PageComparison(merchant, bucket, source, findings).compare(page, recount);
}

std::string to_string(const Difference& d) {
  const auto number = [](double n) {
    return n == std::floor(n) && std::abs(n) < 1e15 ? std::to_string(static_cast<std::int64_t>(n)) : std::to_string(n);
  };
  std::string line = d.merchant.empty() ? "all merchants" : text::escape(d.merchant);
  line += ", source " + std::to_string(d.source.value);
  if (d.time) line += ", " + text::rfc3339(*d.time);
  line += ", " + d.dimension;
  if (!d.traffic.empty()) line += " (" + d.traffic + ")";
  if (!d.value.empty()) line += " `" + text::escape(d.value) + "`";
  return line + ": " + d.measure + ": stored " + number(d.stored) + ", recounted " + number(d.recounted);
}

}  // namespace guidepost::verify
