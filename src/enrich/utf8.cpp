#include "enrich/utf8.hpp"

#include "base/utf8.hpp"

namespace guidepost::enrich {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

bool is_clean(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto character = text::first_character(bytes);
    const bool control = character.code < 0x20 || (character.code >= 0x7f && character.code < 0xa0);
    if (!character.valid || control) return false;
    bytes.remove_prefix(character.size);
  }
  return true;
}

std::string_view cut(std::string_view utf8, std::size_t bytes) {
  if (utf8.size() <= bytes) return utf8;
  while (bytes > 0 && continues(utf8[bytes])) --bytes;
  return utf8.substr(0, bytes);
}

}  // namespace guidepost::enrich
