// What happens in one simulated history: all of it is drawn from a seed before it begins, so that steps can be left out and
// the others stay what they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace guidepost::sim {

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): a few bytes of state, for there
/// are thousands of them.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t roll() {
    auto z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return roll() % n; }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

 private:
  std::uint64_t state_;
};

enum class What : std::uint8_t {
  kWrite,  ///< records come
  kKill,  ///< kill -9
  kStart,  ///< another process
  kZombie,  ///< one that does not learn that its partitions are someone else's, and goes on writing
  kTakeAway,  ///< a rebalance: a partition gets another owner
  kTableFault,  ///< calls to the tables fail, before or after they had their effect
  kFlakyPuts,  ///< puts fail now and then: some go through while others wait to be repeated
  kLogFault,  ///< the same of the log
  kHoldPuts,  ///< puts wait on the way,
  kLandPuts,  ///< and land in any order, or never
  kHoldBlocks,  ///< blocks wait on the way,
  kLandBlocks,  ///< and land, whoever has read the log since
  kRefresh,  ///< a mapping run
  kBackUp,  ///< the tables are saved as they are
  kRestore,  ///< everything dies, and the tables are what was saved
  kRetain,  ///< retention takes records, also such as nobody has decided about
  kAccept,  ///< an operator gives up what is missing by then
  kTime,  ///< nothing but time
  kCount
};
std::string_view to_string(What what);

struct Step {
  std::size_t number;  ///< in the history as it was drawn
  What what;
  std::uint64_t dice;  ///< for all that is random in it
};

/// A history. Swarm testing (Groce et al., 2012): each has only some of the faults, and its own sizes.
struct History {
  std::uint64_t seed = 0;
  int partitions = 1;
  bool two_rules = false;  ///< processes that decide by other rules: a rolling upgrade
  bool split_pages = false;  ///< small pages, which split and go out in pieces
  bool retention = false;  ///< records are gone before they are decided
  bool small_memory = false;  ///< pages are evicted
  int block_events = 7;
  int dedupe_offsets = 30;
  int session_offsets = 60;
  std::vector<Step> steps;

  std::string describe() const;  ///< a line
};

History draw(std::uint64_t seed);
/// Of its steps only these.
History only(History history, const std::vector<std::size_t>& numbers);

}  // namespace guidepost::sim
