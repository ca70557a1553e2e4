#include "enrich/atom_finder.hpp"

namespace guidepost::enrich {

AtomFinder::AtomFinder(const std::vector<std::string>& atoms) : atoms_(atoms.size()) {
  for (const auto& atom : atoms) {
    for (const char c : atom) {
      auto& symbol = symbol_[static_cast<unsigned char>(c)];
      if (symbol == 0) symbol = static_cast<std::uint16_t>(symbols_++);
    }
  }
  add_state();
  for (std::size_t i = 0; i < atoms.size(); ++i) add(atoms[i], static_cast<std::int32_t>(i));
  resolve();
}

AtomFinder::State AtomFinder::add_state() {
  next_.resize(next_.size() + symbols_, 0);
  atom_.push_back(kNone);
  shorter_.push_back(0);
  return static_cast<State>(atom_.size() - 1);
}

void AtomFinder::add(const std::string& atom, std::int32_t number) {
  State at = 0;
  for (const char c : atom) {
    const std::size_t symbol = symbol_[static_cast<unsigned char>(c)];
    if (next(at, symbol) == 0) {
      const auto made = add_state();
      next(at, symbol) = made;
    }
    at = next(at, symbol);
  }
  atom_[at] = number;
}

// By breadth: a state's longest suffix is nearer to the root, hence complete when the state's turn comes.
void AtomFinder::resolve() {
  std::vector<State> suffix(atom_.size(), 0);
  std::vector<State> queue;
  for (std::size_t symbol = 1; symbol < symbols_; ++symbol) {
    if (const auto child = next(0, symbol); child != 0) queue.push_back(child);
  }
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const auto at = queue[i];
    shorter_[at] = atom_[suffix[at]] != kNone ? suffix[at] : shorter_[suffix[at]];
    for (std::size_t symbol = 1; symbol < symbols_; ++symbol) {
      const auto fallback = next(suffix[at], symbol);
      if (const auto child = next(at, symbol); child != 0) {
        suffix[child] = fallback;
        queue.push_back(child);
      } else {
        next(at, symbol) = fallback;
      }
    }
  }
}

std::vector<int> AtomFinder::find(std::string_view text) const {
  std::vector<int> found;
  std::vector<bool> seen(atoms_);
  State at = 0;
  for (const char c : text) {
    at = next_[at * symbols_ + symbol_[static_cast<unsigned char>(c)]];
    for (State s = at; s != 0; s = shorter_[s]) {
      const auto atom = atom_[s];
      if (atom == kNone) continue;
      if (seen[static_cast<std::size_t>(atom)]) break;  // then what is shorter was seen with it
      seen[static_cast<std::size_t>(atom)] = true;
      found.push_back(atom);
    }
  }
  return found;
}

}  // namespace guidepost::enrich
