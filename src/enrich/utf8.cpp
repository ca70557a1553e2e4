#include "enrich/utf8.hpp"

namespace guidepost::enrich {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Length of the sequence at the front (RFC 3629, table 3-7 of Unicode); 0: none that is valid.
std::size_t sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return 0;
  }
  const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
  const bool beyond = (first == 0xed && at(1) > 0x9f) || (first == 0xf4 && at(1) > 0x8f);
  return overlong || beyond ? 0 : length;
}

}  // namespace

bool is_clean(std::string_view text) {
  while (!text.empty()) {
    const auto length = sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool control = first < 0x20 || first == 0x7f || (first == 0xc2 && length == 2 && !(text[1] & 0x20));
    if (length == 0 || control) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view cut(std::string_view utf8, std::size_t bytes) {
  if (utf8.size() <= bytes) return utf8;
  while (bytes > 0 && continues(utf8[bytes])) --bytes;
  return utf8.substr(0, bytes);
}

}  // namespace guidepost::enrich
