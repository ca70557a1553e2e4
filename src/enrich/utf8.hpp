// Texts that others have made, before they become values that are counted by.
#pragma once

#include <string_view>

namespace guidepost::enrich {

/// Whether it is UTF-8 without control characters.
bool is_clean(std::string_view bytes);

/// At most `bytes` of it, not cut inside a character of UTF-8.
std::string_view cut(std::string_view utf8, std::size_t bytes);

}  // namespace guidepost::enrich
