// Cost of a block of 1000 events of the 636-byte class, encoded and decoded.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>
#include <string>

#include "guidepost/event/block.hpp"

namespace guidepost::event {
namespace {

constexpr std::int64_t kEvents = 1000;

Decisions make_decisions(std::vector<std::string>& memory) {
  std::mt19937_64 random(1);
  memory.reserve(kEvents * 16);
  const auto text = [&memory](std::string s) { return std::string_view(memory.emplace_back(std::move(s))); };
  const auto uuid = [&] {
    const auto a = random();
    const auto b = random();
    return text(fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32, a & 0xffff, (a >> 16) & 0xfff, b & 0xfff,
                            b >> 16));
  };
  Decisions d;
  d.to = Offset{kEvents};
  for (std::int64_t i = 0; i < kEvents; ++i) {
    Accepted e;
    e.offset = Offset{i};
    e.record_time = from_unix_ms(1'431'864'000'000 + i * 3);
    e.time = e.record_time - std::chrono::milliseconds(random() % 4000);
    e.text[Field::kMerchant] = text(fmt::format("merchant-{}", random() % 20));
    e.text[Field::kType] = random() % 5 == 0 ? "click" : "page_view";
    e.text[Field::kEventId] = uuid();
    e.text[Field::kGuid] = uuid();
    e.text[Field::kSession] = uuid();
    e.text[Field::kCustomer] = text(fmt::format("customer-{}", random() % 1'000'000));
    const auto page = random() % 200;
    e.text[Field::kUrl] =
        text(fmt::format("https://shop.example/category-{}/product-{}?ref={}", page % 10, page, random() % 50));
    e.text[Field::kPath] = text(fmt::format("/category-{}/product-{}", page % 10, page));
    e.text[Field::kTitle] = text(fmt::format("Product {} - Category {} - Shop", page, page % 10));
    e.text[Field::kReferrer] = text(fmt::format("https://search.example/results?q=words+{}", random() % 300));
    e.text[Field::kReferrerDomain] = "search.example";
    e.text[Field::kIp] =
        text(fmt::format("{}.{}.{}.{}", random() % 223, random() % 256, random() % 256, random() % 256));
    e.text[Field::kUserAgent] = text(fmt::format(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        60 + random() % 60));
    e.text[Field::kLanguage] = "en-US";
    e.text[Field::kScreen] = random() % 2 == 0 ? "1920x1080" : "390x844";
    e.text[Field::kCountry] = random() % 3 == 0 ? "US" : "DE";
    e.text[Field::kTimeOnPageMs] = text(fmt::format("{}", random() % 60000));
    e.resolved_by = ResolvedBy::kMap;
    d.accepted.push_back(e);
  }
  return d;
}

void encode(benchmark::State& state) {
  std::vector<std::string> memory;
  const auto decisions = make_decisions(memory);
  std::size_t size = 0;
  for (auto _ : state) {
    const auto bytes = encode_block(decisions);
    size = bytes.size();
    benchmark::DoNotOptimize(bytes.data());
  }
  state.counters["bytes_per_event"] = static_cast<double>(size) / static_cast<double>(kEvents);
  state.SetItemsProcessed(state.iterations() * kEvents);
}
BENCHMARK(encode)->Unit(benchmark::kMicrosecond);

void decode(benchmark::State& state) {
  std::vector<std::string> memory;
  const auto bytes = encode_block(make_decisions(memory));
  for (auto _ : state) {
    const auto block = Block::decode(bytes);
    benchmark::DoNotOptimize(block->decisions().accepted.data());
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}
BENCHMARK(decode)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace guidepost::event

BENCHMARK_MAIN();
