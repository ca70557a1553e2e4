// Cost of decoding one raw record: JSON of the 636-byte class, 17 members of which one is an object.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "event/decoder.hpp"

namespace guidepost::event {
namespace {

constexpr std::size_t kRecords = 1000;
constexpr std::int64_t kNowMs = 1'431'864'000'000;

std::string make_event(std::mt19937_64& random) {
  const auto page = random() % 200;
  return fmt::format(
      R"({{"event_id":"{:016x}-{:016x}","type":"page_view","time":{},"merchant":"merchant-{}","guid":"{:016x}{:016x}",)"
      R"("session":"{:016x}","url":"https://shop.example/category-{}/product-{}?ref=newsletter&position={}",)"
      R"("title":"Product {} - Category {} - The Shop","referrer":"https://search.example/results?q=some+words+{}",)"
      R"("ip":"{}.{}.{}.{}","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) )"
      R"(Chrome/{}.0.0.0 Safari/537.36","language":"en-US","screen":"1920x1080","country":"DE","time_on_page_ms":{},)"
      R"("customer":"customer-{}","product":{{"id":"{}","name":"Product {}","price":"19.99"}}}})",
      random(), random(), kNowMs - static_cast<std::int64_t>(random() % 60000), random() % 1000, random(), random(),
      random(), page % 10, page, random() % 50, page, page % 10, random() % 300, random() % 223, random() % 256,
      random() % 256, random() % 256, 60 + random() % 60, random() % 60000, random() % 1'000'000, page, page);
}

std::vector<std::string> make_values(bool in_envelope) {
  std::mt19937_64 random(1);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < kRecords; ++i) {
    auto event = make_event(random);
    if (in_envelope) {
      event = wrap({from_unix_ms(kNowMs), "json", "shop", "192.0.2.1", "Mozilla/5.0", "key-1", std::nullopt}, event);
    }
    values.push_back(std::move(event));
  }
  return values;
}

void decode(benchmark::State& state, bool in_envelope) {
  const auto values = make_values(in_envelope);
  Decoder decoder({});
  Arena arena(std::size_t{1024} * 1024);
  std::size_t bytes = 0;
  for (const auto& value : values) bytes += value.size();
  for (auto _ : state) {
    arena.reset();
    std::int64_t offset = 0;
    for (const auto& value : values) {
      auto d = decoder.decode({Offset{offset++}, from_unix_ms(kNowMs), {}, value}, Partition{0}, arena);
      if (d.kind != RecordKind::kEvent) state.SkipWithError("an event was refused");
      benchmark::DoNotOptimize(d);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRecords));
  state.counters["bytes_per_event"] = static_cast<double>(bytes) / kRecords;
  state.counters["per_event"] = benchmark::Counter(static_cast<double>(state.iterations()) * kRecords,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(decode, bare_event, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(decode, in_envelope, true)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace guidepost::event

BENCHMARK_MAIN();
