// Letters of ASCII, whatever the locale is; bytes of other characters stay as they are.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace guidepost::ascii {

inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// Whether the text is the word, which is in small letters, in letters of any size.
inline bool same_word(std::string_view word, std::string_view text) {
  return word.size() == text.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char w, char c) { return w == lower(c); });
}

/// Without blanks at both ends.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n\f\v") {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace guidepost::ascii
