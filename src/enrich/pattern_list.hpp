// An ordered list of regular expressions, of which the first that matches decides.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "enrich/agent_patterns.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::enrich {

/// Most patterns need certain words in the text; only those whose words are there are tried, in order, by RE2, whose
/// time is linear in the text.
/// Thread: any, once compiled. Blocks: never.
class PatternList {
 public:
  /// Errors: kCorrupt, with the pattern that is none.
  static Result<PatternList> compile(const std::vector<AgentPattern>& patterns);
  PatternList(PatternList&&) noexcept;
  PatternList& operator=(PatternList&&) noexcept;
  ~PatternList();

  /// What the first matching pattern makes of `text`, trimmed; nothing where none matches. `lowered` is the text with
  /// ASCII in small letters.
  std::optional<std::string> first(std::string_view text, std::string_view lowered) const;

  /// How many patterns are tried against `text` at most.
  std::size_t candidates(std::string_view lowered) const;
  std::size_t size() const;

 private:
  struct Impl;
  explicit PatternList(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Repetitions as bounded as `.{0,200}` are in uap-core to hold down engines that backtrack; RE2 would write each out as
/// 200 copies. The upper bound is taken away where it is 20 or more: `.*`.
std::string without_large_bounds(std::string_view regex);

}  // namespace guidepost::enrich
