// Cost of folding events into pages: one busy merchant's page, and many merchants' (each event meets another page, as in the
// workload of many tenants). Counters: CPU time, memory and bytes of a flush per event.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "rollup/page.hpp"

namespace guidepost::rollup {
namespace {

using event::Field;

const Bucket kBucket{1'589'000};

/// Visits of many devices, Zipf-like merchants, 200 urls each, 200 countries; 30 % identified; half with a referrer.
struct Workload {
  std::vector<std::string> memory;
  std::vector<event::Accepted> events;
  std::vector<std::size_t> merchant;

  Workload(std::size_t count, std::size_t merchants, std::size_t urls) {
    std::mt19937_64 rng(1);
    std::uniform_real_distribution<double> unit(0, 1);
    const auto zipf = [&](std::size_t n) {
      return std::min(n, static_cast<std::size_t>(std::pow(static_cast<double>(n), unit(rng)))) - 1;
    };
    memory.reserve(count * 5);
    const auto text = [&](std::string s) { return std::string_view(memory.emplace_back(std::move(s))); };
    for (std::size_t i = 0; i < count; ++i) {
      event::Accepted e;
      e.time = kBucket.start();
      e.text[Field::kType] = rng() % 5 == 0 ? "click" : "page_view";
      const auto guid = zipf(1'000'000);
      e.text[Field::kGuid] = text(fmt::format("{:032x}", guid * 0x9e3779b97f4a7c15ULL));
      if (guid % 10 < 3) e.text[Field::kCustomer] = text(fmt::format("customer-{}", guid / 2));
      const auto page = zipf(urls);
      e.text[Field::kPath] = text(fmt::format("/category-{}/product-{}", page % 10, page));
      const auto country = zipf(200);
      e.text[Field::kCountry] = text({static_cast<char>('A' + country / 26), static_cast<char>('A' + country % 26)});
      if (rng() % 2 == 0) e.text[Field::kReferrerDomain] = text(fmt::format("site-{}.example", zipf(500)));
      events.push_back(e);
      merchant.push_back(zipf(merchants));
    }
  }
};

void Fold(benchmark::State& state) {
  const auto merchants = static_cast<std::size_t>(state.range(0));
  Workload load(1 << 18, merchants, static_cast<std::size_t>(state.range(1)));
  std::size_t bytes = 0;
  std::size_t memory = 0;
  std::int64_t events = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Page> pages;
    for (std::size_t m = 0; m < merchants; ++m)
      pages.emplace_back(PageKey{std::to_string(m), Span::kBucket, kBucket, SourceId{1}}, PageLimits{});
    state.ResumeTiming();
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < load.events.size(); ++i) {
      load.events[i].offset = Offset{offset++};
      pages[load.merchant[i]].add(load.events[i], RulesHash{1});
    }
    events += offset;
    state.PauseTiming();
    bytes = memory = 0;
    for (auto& page : pages) {
      memory += page.memory_bytes();
      for (const auto& chunk : page.encode_dirty(Offset{offset})) bytes += chunk.value.size();
    }
    pages.clear();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(events);
  state.counters["per_event"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["stored_bytes_per_event"] = static_cast<double>(bytes) / static_cast<double>(load.events.size());
  state.counters["memory_per_event"] = static_cast<double>(memory) / static_cast<double>(load.events.size());
}
BENCHMARK(Fold)
    ->ArgNames({"merchants", "urls"})
    ->Args({1, 200})
    ->Args({100, 200})
    ->Args({10'000, 200})
    ->Args({1, 100'000})
    ->Unit(benchmark::kMillisecond);

void Encode(benchmark::State& state) {
  Workload load(static_cast<std::size_t>(state.range(0)), 1, 200);
  std::int64_t events = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Page page(PageKey{"m", Span::kBucket, kBucket, SourceId{1}}, PageLimits{});
    std::int64_t offset = 0;
    for (auto& event : load.events) {
      event.offset = Offset{offset++};
      page.add(event, RulesHash{1});
    }
    state.ResumeTiming();
    benchmark::DoNotOptimize(page.encode_dirty(Offset{offset}));
    events += offset;
  }
  state.counters["per_event"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(Encode)->ArgName("events")->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace guidepost::rollup

BENCHMARK_MAIN();
