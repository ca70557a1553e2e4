#include "query/number_diff.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "event/currency.hpp"
#include "query/contents.hpp"
#include "query/page_scan.hpp"
#include "query/sums.hpp"

namespace guidepost::query {
namespace {

using rollup::Counter;

constexpr std::string_view kDwellMs = "dwell_ms";
constexpr std::uint64_t kEntriesOfProgress = 1000;

/// What averages are made of: compared instead of them, for it adds up.
constexpr std::array kTimes{
    Metric{.name = "dwells", .group = Group::kTimes, .kind = Kind::kCounter, .counter = Counter::kDwells},
    Metric{.name = kDwellMs, .group = Group::kTimes, .kind = Kind::kCounter, .counter = Counter::kDwellMs}};

std::vector<Metric> measures() {
  std::vector<Metric> all;
  for (const auto& metric : all_metrics()) {
    const bool quotient =
        metric.kind == Kind::kBounceRate || metric.kind == Kind::kAverageTime || metric.kind == Kind::kOrderValue;
    if (!quotient) all.push_back(metric);
  }
  all.insert(all.end(), kTimes.begin(), kTimes.end());
  return all;
}

/// A measure by its place among all, with its currency.
using Key = std::pair<std::size_t, std::string>;
struct Both {
  std::int64_t a = 0, b = 0;
  bool estimated = false;
};
using Numbers = std::map<Key, Both>;

/// How far apart two numbers are, in a unit that people think in.
double distance(const NumberPair& number) {
  auto apart = std::abs(static_cast<double>(number.b) - static_cast<double>(number.a));
  if (number.measure == kDwellMs) apart /= 1000;
  if (const auto currency = event::find_currency(number.currency)) apart /= std::pow(10, currency->digits);
  return apart;
}

struct LargerFirst {
  bool operator()(const NumberDifference& x, const NumberDifference& y) const {
    const auto of = [](const NumberDifference& d) {
      return std::tuple(-distance(d.number), std::string_view(d.merchant), d.day, d.traffic, d.number.measure,
                        std::string_view(d.number.currency));
    };
    return of(x) < of(y);
  }
};

class NumberDiffer {
 public:
  NumberDiffer(const VersionPair& versions, const std::vector<SourceId>& sources, const DiffOptions& options)
      : versions_(versions), sources_(sources), options_(options) {}

  Result<NumberDiff> run() {
    std::set<std::string> merchants;
    if (options_.merchant) merchants.insert(*options_.merchant);
    for (auto* side : {&a_, &b_}) {
      auto months = months_of(versions_.tables, side->names.all_rollups(),
                              [&](Month month) { return side->names.rollups(month); });
      if (!months) return tl::unexpected(std::move(months.error()));
      side->months = std::move(*months);
      if (options_.merchant) continue;
      auto all = merchants_of_rollups(versions_.tables, side->names, side->months);
      if (!all) return tl::unexpected(std::move(all.error()));
      merchants.merge(*all);
    }
    for (const auto& merchant : merchants) {
      for (auto* side : {&a_, &b_}) {
        if (auto read = this->read(merchant, *side); !read) return tl::unexpected(std::move(read.error()));
      }
      compare(merchant);
    }
    found_.rows.assign(largest_.begin(), largest_.end());
    for (const auto& [key, sum] : totals_) found_.totals.push_back(pair_of(key, sum));
    return std::move(found_);
  }

 private:
  using Days = std::map<std::pair<TimeMs, event::Traffic>, Sums>;
  struct Side {
    Names names;
    std::vector<Month> months;
    Days days;  // of the merchant being compared
  };

  Result<void> read(const std::string& merchant, Side& side) {
    side.days.clear();
    if (side.months.empty()) return {};
    // A range of all times would ask for every month of a century.
    PageScanRequest request{.merchant = merchant,
                            .from = std::max(options_.from, side.months.front().start()),
                            .to = std::min(options_.to, side.months.back().next().start()),
                            .dimension = rollup::Dimension::kTotal,
                            .value = {},
                            .sources = sources_};
    Wanted wanted;
    wanted.fill(true);
    return PageScan(versions_.tables, side.names, std::move(request))
        .run([&](std::span<const rollup::ReadEntry> entries) -> Result<void> {
          if (options_.cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
          for (const auto& entry : entries) {
            if (++entries_ % kEntriesOfProgress == 0 && options_.progress) options_.progress(entries_);
            const auto day = std::chrono::floor<std::chrono::days>(entry.bucket.start());
            side.days[{day, entry.traffic}].add(entry, wanted);
          }
          return {};
        });
  }

  void compare(const std::string& merchant) {
    const Sums nothing{};
    std::set<TimeMs> days;
    std::set<Days::key_type> keys;
    for (const auto* side : {&a_, &b_}) {
      for (const auto& [key, sums] : side->days) keys.insert(key);
    }
    for (const auto& key : keys) {
      const auto of = [&](const Side& side) -> const Sums& {
        const auto found = side.days.find(key);
        return found == side.days.end() ? nothing : found->second;
      };
      Numbers numbers;
      add(of(a_), &Both::a, numbers);
      add(of(b_), &Both::b, numbers);
      for (const auto& [of_measure, both] : numbers) take(merchant, key, of_measure, both);
      days.insert(key.first);
    }
    found_.days += days.size();
    found_.merchants += keys.empty() ? 0 : 1;
  }

  void add(const Sums& sums, std::int64_t Both::* side, Numbers& to) const {
    for (std::size_t m = 0; m < measures_.size(); ++m) {
      const auto value = value_of(measures_[m], sums);
      for (const auto& amount : value.amounts) to[{m, std::string(amount.code())}].*side = amount.minor;
      if (measures_[m].is_money()) continue;
      auto& both = to[{m, {}}];
      both.*side = value.number.value_or(0);
      both.estimated |= value.estimated;
    }
  }

  void take(const std::string& merchant, const Days::key_type& day, const Key& key, const Both& both) {
    if (both.a == 0 && both.b == 0) return;
    ++found_.compared;
    if (measures_[key.first].kind != Kind::kDistinct) {
      auto& total = totals_[key];
      total.a = rollup::add_counters(total.a, both.a);
      total.b = rollup::add_counters(total.b, both.b);
    }
    if (both.a == both.b) return;
    ++found_.differing;
    largest_.insert({merchant, day.first, day.second, pair_of(key, both), both.estimated});
    if (largest_.size() > options_.limit) largest_.erase(std::prev(largest_.end()));
  }

  NumberPair pair_of(const Key& key, const Both& both) const {
    return {measures_[key.first].name, key.second, both.a, both.b};
  }

  const VersionPair& versions_;
  const std::vector<SourceId>& sources_;
  const DiffOptions& options_;
  const std::vector<Metric> measures_ = measures();
  Side a_{versions_.a, {}, {}};
  Side b_{versions_.b, {}, {}};
  NumberDiff found_;
  Numbers totals_;
  std::set<NumberDifference, LargerFirst> largest_;
  std::uint64_t entries_ = 0;
};

}  // namespace

std::int64_t NumberPair::difference() const {
  // Of any two numbers: what is stored may be hostile.
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a));
}

Result<NumberDiff> diff_numbers(const VersionPair& versions, const std::vector<SourceId>& sources,
                                const DiffOptions& options) {
  return NumberDiffer(versions, sources, options).run();
}

}  // namespace guidepost::query
