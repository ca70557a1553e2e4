// Bots that an installation knows by words in their agents.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guidepost::enrich {

/// Thread: any, once made. Blocks: never. Errors: none.
class BotWords {
 public:
  explicit BotWords(std::vector<std::string> words);
  /// The product that the first of the words in the agent belongs to: of `Mozilla/5.0 (FlipboardProxy/2.0; ...)` it is
  /// `FlipboardProxy`; nothing where no word is there. `lowered` is the agent with ASCII in small letters.
  std::optional<std::string_view> product(std::string_view agent, std::string_view lowered) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace guidepost::enrich
