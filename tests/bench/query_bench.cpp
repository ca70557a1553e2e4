// What a question costs: 30 days of a million events of three merchants, in an embedded store. Reported per question: what
// was asked of the largest merchant, from the words to the JSON text.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <map>
#include <string>

#include "adapters/embedded/embedded_table_store.hpp"
#include "app/ask.hpp"
#include "app/random.hpp"
#include "app/shop.hpp"
#include "base/time.hpp"
#include "query/query.hpp"
#include "rollup/page.hpp"
#include "support/temp_folder.hpp"

namespace guidepost::query {
namespace {

using event::Field;
using namespace std::chrono_literals;

constexpr std::uint64_t kEvents = 1'000'000;
constexpr std::array kFrom{"2015-05-01", "2015-05-31"};
constexpr std::array kBrowsers{"Chrome", "Safari", "Firefox", "Edge"};
constexpr std::array kDevices{"desktop", "phone", "tablet"};
constexpr std::array kChannels{"direct", "search", "social", "mail", "referral"};

/// Waits for an answer: the store's threads give it.
template <class T, class Start>
T wait(Start start) {
  auto result = app::ask<T>(start, {});
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Folds a shop's events into pages as aggregate does, bucket by bucket: what is late counts when it came.
class Filled {
 public:
  Filled()
      : store_(
            *EmbeddedTableStore::open({.folder = folder_.path(), .durability = embedded::Durability::kProcessDeath})) {
    wait<void>([&](auto done) {
      store_->create_table({names_.rollups(Month{201505}), {{std::string(rollup::kPageFamily)}}, {}}, std::move(done));
    });
    app::Shop shop({.events = kEvents,
                    .start = *parse_rfc3339("2015-05-01T00:00:00Z"),
                    .span = std::chrono::hours{24 * 30},
                    .merchants = 3,
                    .bad_share = 0,
                    .duplicate_share = 0});
    app::ShopRecord record;
    while (shop.next(record)) add(record);
    flush();
  }
  EmbeddedTableStore& store() { return *store_; }
  const Names& names() const { return names_; }

 private:
  void add(const app::ShopRecord& record) {
    const auto bucket = Bucket::of(record.received);
    if (bucket != bucket_) flush();
    bucket_ = bucket;
    event::Accepted e;
    e.offset = Offset{++offset_};
    e.time = e.record_time = record.received;
    const auto items = std::to_string(record.items);
    const auto minor = std::to_string(record.revenue_minor);
    const auto pick = [&](const auto& words) { return words[random_.below(words.size())]; };
    e.text[Field::kMerchant] = record.merchant;
    e.text[Field::kType] = record.type;
    e.text[Field::kGuid] = record.guid;
    e.text[Field::kCustomer] = record.claim;
    e.text[Field::kPath] = record.path;
    e.text[Field::kCountry] = record.country;
    e.text[Field::kReferrerDomain] = record.referrer_domain;
    e.text[Field::kBrowser] = pick(kBrowsers);
    e.text[Field::kDeviceClass] = pick(kDevices);
    e.text[Field::kChannel] = pick(kChannels);
    if (!record.currency.empty()) {
      e.text[Field::kCurrency] = record.currency;
      e.text[Field::kRevenueMinor] = minor;
      e.text[Field::kProductQuantity] = items;
    }
    const rollup::PageKey key{record.merchant, rollup::Span::kBucket, bucket, SourceId{1}};
    auto& page = pages_.try_emplace(record.merchant, key, rollup::PageLimits{}).first->second;
    page.add(e, RulesHash{1});
    // A visit has about five events.
    const auto place = random_.below(5);
    page.add({.cause = e.offset,
              .subject = e.offset,
              .sessions = place == 0,
              .bounces = random_.chance(0.05),
              .exits = place == 4,
              .dwells = place != 4,
              .dwell_ms = place != 4 ? 20'000 : 0},
             e, RulesHash{1});
  }

  void flush() {
    std::vector<RowPut> rows;
    for (auto& [merchant, page] : pages_) {
      auto& row = rows.emplace_back(RowPut{rollup::page_row(page.key()), {}});
      for (auto& chunk : page.encode_dirty(Offset{offset_ + 1}))
        row.cells.push_back(
            {std::string(rollup::kPageFamily), std::move(chunk.qualifier), offset_ + 1, std::move(chunk.value)});
    }
    pages_.clear();
    wait<void>([&](auto done) { store_->put(names_.rollups(Month{201505}), std::move(rows), std::move(done)); });
  }

  Names names_;
  test::TempFolder folder_;
  std::unique_ptr<EmbeddedTableStore> store_;
  app::Random random_{1};
  std::map<std::string, rollup::Page> pages_;
  Bucket bucket_;
  std::int64_t offset_ = 0;
};

void Ask(benchmark::State& state, const RequestWords& words) {
  static Filled filled;
  QueryOptions options;
  options.freshness = [] { return Freshness{{}, {}, {SourceId{1}}}; };
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto request = parse_request(words);
    if (!request) throw std::runtime_error(request.error().message);
    const auto result = run(*request, filled.store(), filled.names(), options);
    if (!result) throw std::runtime_error(result.error().message);
    const auto json = render_json(*result);
    bytes = json.size();
  }
  state.counters["json_bytes"] = static_cast<double>(bytes);
}

RequestWords of_month(RequestWords words) {
  words.merchant = "shop";
  words.from = kFrom[0];
  words.to = kFrom[1];
  return words;
}

#define QUESTION(name, ...) \
  BENCHMARK_CAPTURE(Ask, name, of_month(__VA_ARGS__))->Unit(benchmark::kMillisecond)->UseRealTime()
QUESTION(total_by_day, {.interval = "day"});
QUESTION(counters_by_day, {.metrics = "events,page_views", .interval = "day"});
QUESTION(type, {.by = "type"});
QUESTION(url_top_20, {.by = "url", .top = "20"});
QUESTION(url_top_20_counters, {.metrics = "page_views", .by = "url", .top = "20"});
QUESTION(country_and_url, {.by = "country,url"});
QUESTION(one_url_by_day, {.interval = "day", .where = {"url=/checkout"}});

}  // namespace
}  // namespace guidepost::query

BENCHMARK_MAIN();
