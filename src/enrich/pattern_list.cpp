#include "enrich/pattern_list.hpp"

#include <fmt/format.h>
#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "enrich/atom_finder.hpp"

namespace guidepost::enrich {
namespace {

constexpr int kMinAtom = 3;  // shorter words are in too many texts to sort patterns out by
constexpr int kLargeBound = 20;
constexpr int kGroups = 10;  // $0 to $9
constexpr std::int64_t kAutomatonBytes = 1 << 20;  // of one pattern; when it is full, RE2 begins it anew

RE2::Options options_of(const AgentPattern& pattern) {
  // Bytes, not characters: what is no UTF-8 must not make a pattern fail, and automata of bytes are smaller.
  RE2::Options options(RE2::Latin1);
  options.set_case_sensitive(!pattern.ignore_case);
  options.set_log_errors(false);
  options.set_max_mem(kAutomatonBytes);
  return options;
}

// A replacement, cut once into texts and groups.
struct Piece {
  std::string text;
  int group = 0;  ///< 0: the text
};

std::vector<Piece> pieces_of(const std::string& replacement) {
  if (replacement.empty()) return {{"", 1}};
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] == '$' && i + 1 < replacement.size() && replacement[i + 1] >= '1' && replacement[i + 1] <= '9') {
      pieces.push_back({"", replacement[++i] - '0'});
    } else {
      if (pieces.empty() || pieces.back().group != 0) pieces.emplace_back();
      pieces.back().text += replacement[i];
    }
  }
  return pieces;
}

// {0,200} -> *, {1,200} -> +, {2,200} -> {2,}; nothing where there is no such bound at the front.
struct Bound {
  std::size_t length = 0;
  std::string instead;
};
Bound large_bound(std::string_view text) {
  int least = 0, most = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data() + 1, end, least);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') return {};
  const auto second = std::from_chars(first.ptr + 1, end, most);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != '}' || most < kLargeBound) return {};
  return {static_cast<std::size_t>(second.ptr + 1 - text.data()), least == 0   ? "*"
                                                                  : least == 1 ? "+"
                                                                               : fmt::format("{{{},}}", least)};
}

}  // namespace

std::string without_large_bounds(std::string_view regex) {
  std::string out;
  bool in_class = false;
  while (!regex.empty()) {
    std::size_t taken = 1;
    if (regex.front() == '\\') {
      taken = std::min<std::size_t>(2, regex.size());
    } else if (regex.front() == '[') {
      in_class = true;
    } else if (regex.front() == ']') {
      in_class = false;
    } else if (regex.front() == '{' && !in_class) {
      if (const auto bound = large_bound(regex); bound.length != 0) {
        out += bound.instead;
        regex.remove_prefix(bound.length);
        continue;
      }
    }
    out += regex.substr(0, taken);
    regex.remove_prefix(taken);
  }
  return out;
}

struct PatternList::Impl {
  re2::FilteredRE2 filter{kMinAtom};
  std::unique_ptr<AtomFinder> atoms;
  std::vector<std::vector<Piece>> replacements;

  std::vector<int> candidates(std::string_view lowered) const {
    std::vector<int> numbers;
    filter.AllPotentials(atoms->find(lowered), &numbers);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
};

PatternList::PatternList(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PatternList::PatternList(PatternList&&) noexcept = default;
PatternList& PatternList::operator=(PatternList&&) noexcept = default;
PatternList::~PatternList() = default;

Result<PatternList> PatternList::compile(const std::vector<AgentPattern>& patterns) {
  auto impl = std::make_unique<Impl>();
  for (const auto& pattern : patterns) {
    int number = 0;
    if (impl->filter.Add(without_large_bounds(pattern.regex), options_of(pattern), &number) != RE2::NoError) {
      return fail(ErrorCode::kCorrupt, fmt::format("not a regular expression of RE2: {}", pattern.regex));
    }
    impl->replacements.push_back(pieces_of(pattern.replacement));
  }
  std::vector<std::string> atoms;
  impl->filter.Compile(&atoms);
  impl->atoms = std::make_unique<AtomFinder>(atoms);
  return PatternList(std::move(impl));
}

std::optional<std::string> PatternList::first(std::string_view text, std::string_view lowered) const {
  std::array<re2::StringPiece, kGroups> groups;
  const re2::StringPiece piece(text.data(), text.size());
  for (const int number : impl_->candidates(lowered)) {
    const auto& re = impl_->filter.GetRE2(number);
    const int wanted = std::min(re.NumberOfCapturingGroups() + 1, kGroups);
    if (!re.Match(piece, 0, piece.size(), RE2::UNANCHORED, groups.data(), wanted)) continue;
    std::string made;
    for (const auto& part : impl_->replacements[static_cast<std::size_t>(number)]) {
      made += part.text;
      if (part.group > 0 && part.group < wanted) made += groups[static_cast<std::size_t>(part.group)].as_string();
    }
    return std::string(ascii::trimmed(made));
  }
  return std::nullopt;
}

std::size_t PatternList::candidates(std::string_view lowered) const { return impl_->candidates(lowered).size(); }
std::size_t PatternList::size() const { return impl_->replacements.size(); }

}  // namespace guidepost::enrich
