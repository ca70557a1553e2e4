// Which of many short texts occur in another one, in one pass.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guidepost::enrich {

/// Aho and Corasick's automaton ("Efficient string matching: an aid to bibliographic search", 1975), with its failure
/// links resolved, so that a byte costs one step.
/// Thread: any, once made. Blocks: never. Errors: none.
class AtomFinder {
 public:
  explicit AtomFinder(const std::vector<std::string>& atoms);
  /// The numbers of the atoms that occur in the text, each once.
  std::vector<int> find(std::string_view text) const;

 private:
  using State = std::uint32_t;
  static constexpr std::int32_t kNone = -1;

  void add(const std::string& atom, std::int32_t number);
  void resolve();
  State& next(State from, std::size_t symbol) { return next_[from * symbols_ + symbol]; }
  State add_state();

  std::array<std::uint16_t, 256> symbol_{};  // 0: a byte that no atom has
  std::size_t symbols_ = 1;
  std::size_t atoms_ = 0;
  std::vector<State> next_;
  std::vector<std::int32_t> atom_;   // that ends at the state
  std::vector<State> shorter_;       // the nearest suffix at which one ends; 0: none
};

}  // namespace guidepost::enrich
