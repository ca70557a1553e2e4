// Strings of JSON, and base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/arena.hpp"

namespace guidepost::event {

/// Whether every backslash of a string's inside begins an escape of RFC 8259.
bool escapes_are_good(std::string_view inside);

/// Replaces the escapes of `inside` where it stands; they must be good. Gives the new length, or
/// nothing where a \u escape is half of a surrogate pair.
std::optional<std::size_t> unescape_in_place(char* inside, std::size_t size);

/// Appends `bytes` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view bytes);

/// Standard alphabet, padded (RFC 4648 section 4).
void append_base64(std::string& out, std::string_view bytes);
/// Nothing where `text` is not exactly that. The bytes are in the arena.
std::optional<std::string_view> decode_base64(std::string_view text, Arena& arena);

}  // namespace guidepost::event
