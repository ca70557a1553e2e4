// Characters of UTF-8 in foreign bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace guidepost::text {

struct Character {
  char32_t code = 0;     ///< where it is none: the byte
  std::size_t size = 1;  ///< in bytes
  bool valid = false;
};

/// The character at the front of `bytes`, which are not empty. As RFC 3629 has it: no overlong forms, no surrogates. Where
/// the bytes begin none, it is one byte that is not valid.
Character first_character(std::string_view bytes);

}  // namespace guidepost::text
