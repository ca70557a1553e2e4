// The language of an event.
#include <algorithm>

#include "enrich/enricher.hpp"

namespace guidepost::enrich {
namespace {

constexpr std::size_t kMaxLanguage = 35;  // what RFC 5646 (4.4.1) asks readers to have room for

bool is_tag_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::string_view first_language(std::string_view accepted) {
  const auto begin = std::min(accepted.find_first_not_of(' '), accepted.size());
  accepted.remove_prefix(begin);
  const auto tag = accepted.substr(0, accepted.find_first_of(",; "));
  return tag.size() <= kMaxLanguage && std::all_of(tag.begin(), tag.end(), is_tag_char) ? tag : std::string_view{};
}

}  // namespace guidepost::enrich
