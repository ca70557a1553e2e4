// sim: histories of ingest and aggregate in which everything breaks, from seeds.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "base/log.hpp"
#include "sim/search.hpp"

namespace guidepost::sim {
namespace {

constexpr std::string_view kUsage = R"(usage: sim [OPTIONS]
  --seeds N      how many histories (1000)
  --minutes M    as many as there is time for
  --from SEED    the first seed; without it a fresh one, which is printed
  --jobs N       processes at once (one a core)
  --shrink 0     does not look for the shortest history
  --seed SEED    this one alone, with the log of its daemons
  --only N,N,..  with --seed: only these of its steps
Exit status 1 where a history went wrong: its seed, what was wrong, and the shortest history that still goes wrong.
)";

struct Options {
  SearchOptions search;
  bool fresh = true;
  std::optional<std::uint64_t> seed;
  std::vector<std::size_t> only;
  bool shrink = true;
};

std::vector<std::size_t> numbers_of(std::string_view list) {
  std::vector<std::size_t> numbers{0};
  for (const char c : list) {
    if (c == ',') {
      numbers.push_back(0);
    } else {
      numbers.back() = numbers.back() * 10 + static_cast<std::size_t>(c - '0');
    }
  }
  return numbers;
}

std::optional<Options> parse(int count, char** words) {
  Options options;
  options.search.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for (int i = 1; i < count; ++i) {
    const std::string_view flag = words[i];
    if (flag == "--only" && i + 1 < count) {
      options.only = numbers_of(words[++i]);
      continue;
    }
    char* end = nullptr;
    const auto number = i + 1 < count ? std::strtoull(words[++i], &end, 10) : 0;
    if (end == nullptr || *end != '\0') return std::nullopt;
    if (flag == "--seeds") {
      options.search.seeds = number;
    } else if (flag == "--minutes") {
      options.search.seeds = UINT64_MAX;
      options.search.time = std::chrono::minutes{number};
    } else if (flag == "--from") {
      options.search.first_seed = number;
      options.fresh = false;
    } else if (flag == "--jobs" && number > 0) {
      options.search.jobs = static_cast<int>(number);
    } else if (flag == "--shrink") {
      options.shrink = number != 0;
    } else if (flag == "--seed") {
      options.seed = number;
    } else {
      return std::nullopt;
    }
  }
  if (options.fresh) options.search.first_seed = std::random_device()() & 0x7fffffffU;
  return options;
}

void print_shortest(std::uint64_t seed) {
  std::cout << "making it shorter ..." << std::endl;
  const auto shortest = shrink(draw(seed));
  std::cout << shortest.describe() << "\n";
  std::string numbers;
  for (const auto& step : shortest.steps) {
    std::cout << fmt::format("{:4} {}\n", step.number, to_string(step.what));
    numbers += (numbers.empty() ? "" : ",") + std::to_string(step.number);
  }
  std::cout << play_apart(shortest).wrong << "\nagain: sim --seed " << seed << " --only " << numbers << std::endl;
}

int run_one(std::uint64_t seed, const std::vector<std::size_t>& numbers) {
  log::configure(log::Level::kInfo, log::Format::kText);
  const auto history = numbers.empty() ? draw(seed) : only(draw(seed), numbers);
  std::cout << history.describe() << std::endl;
  const auto outcome = run(history);
  std::cout << (outcome.wrong.empty() ? "everything held" : outcome.wrong) << std::endl;
  return outcome.wrong.empty() ? 0 : 1;
}

int run_many(const SearchOptions& options, bool shrinks) {
  const bool live = isatty(STDOUT_FILENO) != 0;
  const auto result = search(options, [&](std::uint64_t played) {
    if (live) std::cout << fmt::format("\r{} histories", played) << std::flush;
  });
  if (live) std::cout << "\r";
  const auto& met = result.met;
  std::cout << fmt::format(
      "{} histories from seed {} in {:.1f} s ({:.0f} a second, {} jobs): {} records, {} kills, {} zombies, {} puts lost,\n"
      "blocks passed {}, trimmed {}, gaps {}, of other eras {}; {} pages continued, {} mapping runs, {} restores, {} records given up\n",
      result.seeds, options.first_seed, result.took.count(),
      static_cast<double>(result.seeds) / std::max(result.took.count(), 1e-9), options.jobs, met.records, met.kills,
      met.zombies, met.lost_puts, met.blocks_passed, met.blocks_trimmed, met.gaps, met.eras, met.pages_continued,
      met.markers, met.restores, met.given_up);
  if (!result.failed) {
    std::cout << "everything held" << std::endl;
    return 0;
  }
  std::cout << fmt::format("seed {}: {}", *result.failed, result.wrong) << std::endl;
  if (shrinks) print_shortest(*result.failed);
  return 1;
}

}  // namespace
}  // namespace guidepost::sim

int main(int count, char** words) {
  const auto options = guidepost::sim::parse(count, words);
  if (!options) {
    std::cerr << guidepost::sim::kUsage;
    return 2;
  }
  return options->seed ? guidepost::sim::run_one(*options->seed, options->only)
                       : guidepost::sim::run_many(options->search, options->shrink);
}
