#include "enrich/bot_words.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace guidepost::enrich {
namespace {

// From what lies before it to its version, its comment or its maker's address. Of `Firefox/6.0 Google favicon` the
// version that the product before it ends with is no part.
// Empty: the word is in an address.
std::string_view product_around(std::string_view agent, std::size_t at) {
  const auto word = agent.substr(0, at).find_last_of(" +(") + 1;  // npos + 1: from the beginning
  if (agent.substr(word, at - word).starts_with("http")) return {};
  std::size_t begin = 0;
  if (at > 0) {
    if (const auto before = agent.find_last_of("(),;/", at - 1); before != std::string_view::npos) {
      begin = before + 1;
      const auto blank = agent.find(' ', begin);
      if (agent[before] == '/' && blank < at) begin = blank + 1;
    }
  }
  auto product = agent.substr(begin, agent.find_first_of("/();,+", at) - begin);
  while (product.starts_with(' ')) product.remove_prefix(1);
  while (product.ends_with(' ')) product.remove_suffix(1);
  return product;
}

}  // namespace

BotWords::BotWords(std::vector<std::string> words) {
  for (auto& word : words) {
    if (!word.empty()) words_.push_back(ascii::lowered(word));
  }
}

std::optional<std::string_view> BotWords::product(std::string_view agent, std::string_view lowered) const {
  auto first = std::string_view::npos;
  for (const auto& word : words_) first = std::min(first, lowered.find(word));
  if (first == std::string_view::npos) return std::nullopt;
  return product_around(agent, first);
}

}  // namespace guidepost::enrich
