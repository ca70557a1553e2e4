#include "sim/history.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace guidepost::sim {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(What::kCount)> kNames{
    "write",      "kill",      "start",     "zombie",    "take_away",   "table_fault",
    "flaky_puts", "log_fault", "hold_puts", "land_puts", "hold_blocks", "land_blocks",
    "refresh",    "back_up",   "restore",   "retain",    "accept",      "time"};

}  // namespace

std::string_view to_string(What what) { return kNames[static_cast<std::size_t>(what)]; }

std::string History::describe() const {
  std::map<std::string_view, int> counts;
  for (const auto& step : steps) ++counts[to_string(step.what)];
  auto line =
      fmt::format("seed {}: {} partitions{}{}{}{}, blocks of {}, windows of {} and {};", seed, partitions,
                  two_rules ? ", two rules" : "", retention ? ", retention" : "", split_pages ? ", split pages" : "",
                  small_memory ? ", small memory" : "", block_events, dedupe_offsets, session_offsets);
  for (const auto& [name, count] : counts) line += fmt::format(" {} {}", count, name);
  return line;
}

History draw(std::uint64_t seed) {
  Dice dice(seed);
  History history;
  history.seed = seed;
  history.partitions = dice.chance(25) ? 2 : 1;
  history.two_rules = dice.chance(30);
  history.split_pages = dice.chance(30);
  history.small_memory = dice.chance(30);
  history.block_events = 1 + static_cast<int>(dice.below(9));
  history.dedupe_offsets = 5 + static_cast<int>(dice.below(40));
  history.session_offsets = 5 + static_cast<int>(dice.below(60));
  // Which faults, and how often beside the writing.
  std::vector<What> bag(4, What::kWrite);
  for (const auto what : {What::kKill, What::kStart, What::kZombie, What::kTakeAway, What::kTableFault,
                          What::kFlakyPuts, What::kLogFault, What::kRefresh, What::kTime}) {
    if (dice.chance(50)) bag.insert(bag.end(), 1 + dice.below(2), what);
  }
  if (dice.chance(50)) bag.insert(bag.end(), {What::kHoldPuts, What::kLandPuts});
  if (dice.chance(30)) bag.insert(bag.end(), {What::kHoldBlocks, What::kLandBlocks});
  if (history.two_rules) bag.insert(bag.end(), {What::kZombie, What::kStart, What::kHoldBlocks, What::kLandBlocks});
  if (dice.chance(15)) bag.insert(bag.end(), {What::kBackUp, What::kRestore});
  history.retention = Dice(~seed).chance(8);  // dice of its own: the other histories stay what they are
  if (history.retention) bag.insert(bag.end(), {What::kRetain, What::kAccept});
  const auto steps = 15 + dice.below(35);
  for (std::size_t i = 0; i < steps; ++i) {
    const auto what = bag[dice.below(bag.size())];
    history.steps.push_back({i, what, dice.roll()});
  }
  return history;
}

History only(History history, const std::vector<std::size_t>& numbers) {
  std::erase_if(history.steps, [&](const Step& step) {
    return std::find(numbers.begin(), numbers.end(), step.number) == numbers.end();
  });
  return history;
}

}  // namespace guidepost::sim
