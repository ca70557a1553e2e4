#include "event/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/utf8.hpp"

namespace guidepost::event {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits at `from`, which are known to be there.
std::uint32_t hex4(const char* from) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 4 | static_cast<std::uint32_t>(hex_value(from[i]));
  return value;
}

std::size_t put_utf8(std::uint32_t code, char* out) {
  const auto tail = [code](unsigned shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xc0 | code >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xe0 | code >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xf0 | code >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

char plain_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // " \ /
  }
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr auto kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kBase64.size(); ++i) {
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

bool escapes_are_good(std::string_view inside) {
  for (auto at = inside.find('\\'); at != std::string_view::npos; at = inside.find('\\', at)) {
    const char c = at + 1 < inside.size() ? inside[at + 1] : '\0';
    if (c == 'u') {
      if (inside.size() - at < 6) return false;
      for (std::size_t i = 2; i < 6; ++i) {
        if (hex_value(inside[at + i]) < 0) return false;
      }
      at += 6;
    } else if (c != '\0' && std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) {
      at += 2;
    } else {
      return false;
    }
  }
  return true;
}

std::optional<std::size_t> unescape_in_place(char* inside, std::size_t size) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < size;) {
    if (inside[i] != '\\') {
      inside[out++] = inside[i++];
      continue;
    }
    if (inside[i + 1] != 'u') {
      inside[out++] = plain_escape(inside[i + 1]);
      i += 2;
      continue;
    }
    auto code = hex4(inside + i + 2);
    i += 6;
    if (code >= 0xdc00 && code < 0xe000) return std::nullopt;
    if (code >= 0xd800 && code < 0xdc00) {
      if (size - i < 6 || inside[i] != '\\' || inside[i + 1] != 'u') return std::nullopt;
      const auto low = hex4(inside + i + 2);
      if (low < 0xdc00 || low >= 0xe000) return std::nullopt;
      i += 6;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    out += put_utf8(code, inside + out);  // at most 4 bytes for at least 6 that were read
  }
  return out;
}

void append_json_string(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const auto character = text::first_character(bytes.substr(i));
    if (!character.valid) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += bytes[i];
    } else if (c < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out.append(bytes, i, character.size);
    }
    i += character.size;
  }
  out += '"';
}

void append_base64(std::string& out, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = std::min<std::size_t>(bytes.size() - i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    out += kBase64[group >> 18];
    out += kBase64[(group >> 12) & 63];
    out += left > 1 ? kBase64[(group >> 6) & 63] : '=';
    out += left > 2 ? kBase64[group & 63] : '=';
  }
}

std::optional<std::string_view> decode_base64(std::string_view text, Arena& arena) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const auto size = text.size() / 4 * 3 - padding;
  char* const begin = arena.allocate(size);
  std::size_t out = 0;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t digits = i + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const auto value = k < digits ? kBase64Values[static_cast<unsigned char>(text[i + k])] : std::uint8_t{0};
      if (value == kNoDigit) return std::nullopt;
      group = group << 6 | value;
    }
    const std::uint32_t spare = digits == 4 ? 0 : digits == 3 ? 0xff : 0xffff;
    if ((group & spare) != 0) return std::nullopt;  // bits that no encoder sets
    for (std::size_t k = 0; k + 1 < digits; ++k) begin[out++] = static_cast<char>(group >> (16 - 8 * k));
  }
  return std::string_view(begin, size);
}

}  // namespace guidepost::event
