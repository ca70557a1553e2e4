// Cost of enriching one event: whose agent was seen before, whose agent is new, and whose agent is made to cost.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "enrich/agent_patterns.hpp"
#include "enrich/enricher.hpp"
#include "enrich/user_agent.hpp"

namespace guidepost::enrich {
namespace {

using event::Field;

constexpr std::size_t kEvents = 1000;

Enricher open_enricher() {
  EnrichOptions options;
  options.bot_agents = default_bot_agents();
  options.no_agent_is_bot = true;
  return Enricher::open(options).value();
}

// As browsers send them; the number makes them different ones.
std::string agent_text(std::size_t i) {
  switch (i % 4) {
    case 0:
      return fmt::format(
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
          i);
    case 1:
      return fmt::format(
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.5 Mobile/15E148 Safari/604.1",
          i);
    case 2:
      return fmt::format(
          "Mozilla/5.0 (Linux; Android 14; Pixel {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
          "Mobile Safari/537.36",
          i);
    default:
      return fmt::format("Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0", i, i);
  }
}

// Words of the patterns themselves, so that as many as possible are tried.
std::vector<std::string> words_of_patterns() {
  std::vector<std::string> words(1);
  for (const char c : built_in_agent_patterns()) {
    if ((std::isalnum(static_cast<unsigned char>(c)) != 0) || c == ' ' || c == '-' || c == ';' || c == '/') {
      words.back() += c;
    } else if (words.back().size() > 2) {
      words.emplace_back();
    } else {
      words.back().clear();
    }
  }
  return words;
}

std::string hostile_text(const std::vector<std::string>& words, std::mt19937_64& random) {
  std::string text = "Mozilla/5.0 (";
  while (text.size() < 8192) text += words[random() % words.size()] + std::to_string(random() % 1000);
  return text;
}

void enrich_events(benchmark::State& state, const std::vector<std::string>& agents) {
  auto enricher = open_enricher();
  Arena arena(std::size_t{1024} * 1024);
  std::size_t next = 0;
  for (auto _ : state) {
    arena.reset();
    for (std::size_t i = 0; i < kEvents; ++i) {
      event::Accepted e;
      e.text[Field::kMerchant] = "shop";
      e.text[Field::kUrl] = "https://shop.example/category-1/product-7?ref=newsletter&position=3";
      e.text[Field::kReferrer] = "https://www.google.com/search?q=some+words";
      e.text[Field::kIp] = "192.0.2.1";
      e.text[Field::kLanguage] = "en-US";
      e.text[Field::kUserAgent] = agents[next++ % agents.size()];
      enricher.enrich(e, arena);
      benchmark::DoNotOptimize(e);
    }
  }
  state.counters["per_event"] = benchmark::Counter(static_cast<double>(state.iterations()) * kEvents,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

std::vector<std::string> agent_texts(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(agent_text(i));
  return texts;
}

void without_agent(benchmark::State& state) { enrich_events(state, {""}); }
void cached_agents(benchmark::State& state) { enrich_events(state, agent_texts(400)); }
// More than the cache holds, in turn: each was forgotten when it comes again.
void new_agents(benchmark::State& state) { enrich_events(state, agent_texts(100'000)); }
BENCHMARK(without_agent)->Unit(benchmark::kMicrosecond);
BENCHMARK(cached_agents)->Unit(benchmark::kMicrosecond);
BENCHMARK(new_agents)->Unit(benchmark::kMillisecond);

// One agent at a time, without the cache. `worst_us` is the slowest of the first 2000.
void hostile_agents(benchmark::State& state) {
  const auto agents = UserAgents::open("", default_bot_agents()).value();
  std::mt19937_64 random(1);
  const auto words = words_of_patterns();
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i) texts.push_back(hostile_text(words, random));
  double worst = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    const auto began = std::clock();
    benchmark::DoNotOptimize(agents.recognise(texts[next % texts.size()]));
    // The first one also compiles the patterns.
    if (next > 0) worst = std::max(worst, static_cast<double>(std::clock() - began) * 1e6 / CLOCKS_PER_SEC);
    ++next;
  }
  state.counters["worst_us"] = worst;
}
BENCHMARK(hostile_agents)->Iterations(2000)->Unit(benchmark::kMicrosecond);

void compile_patterns(benchmark::State& state) {
  for (auto _ : state) {
    const auto agents = UserAgents::open("", {}).value();
    benchmark::DoNotOptimize(agents.recognise("x"));
  }
}
BENCHMARK(compile_patterns)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace guidepost::enrich

BENCHMARK_MAIN();
