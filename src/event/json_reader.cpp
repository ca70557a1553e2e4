#include "event/json_reader.hpp"

#include <algorithm>
#include <cstring>

#include "event/json_text.hpp"

namespace guidepost::event {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_number(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const auto from = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const auto first = i;
  const auto whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

}  // namespace

JsonReader::JsonReader(const char* text, const JsonIndex& index)
    : text_(text),
      tokens_(index.tokens()),
      count_(index.count()),
      has_escapes_(std::memchr(text, '\\', tokens_[count_]) != nullptr) {}

bool JsonReader::good_escapes(JsonSpan span) const {
  return escapes_are_good({text_ + span.begin + 1, span.end - span.begin - 2});
}

// A number, true, false, null.
bool JsonReader::word(JsonSpan& span) {
  if (at_end()) return false;
  span = span_of(next_);
  ++next_;
  const std::string_view text(text_ + span.begin, span.end - span.begin);
  switch (text.front()) {
    case 't':
      return text == "true";
    case 'f':
      return text == "false";
    case 'n':
      return text == "null";
    default:
      return is_number(text);
  }
}

// To the end of the container that begins here, counting brackets.
bool JsonReader::pass_blindly() {
  std::size_t open = 0;
  while (!at_end()) {
    const char c = peek();
    ++next_;
    if (c == '{' || c == '[') ++open;
    if ((c == '}' || c == ']') && --open == 0) return true;
  }
  return false;
}

bool JsonReader::any(unsigned depth, JsonSpan& span, std::uint32_t& members) {
  depth = std::min(depth, kMaxDepth);
  span.begin = position();
  members = 0;
  std::uint64_t objects = 0;  // a bit for each open container: 1 object, 0 array
  unsigned open = 0;
  bool value_wanted = true;
  do {
    if (value_wanted) {
      if ((objects & 1) != 0 && open != 0) {
        if (!is_key() || !good_string(span_of(next_))) return false;
        next_ += 2;
        members += open == 1 ? 1U : 0U;
      }
      const char c = peek();
      if (c != '{' && c != '[') {
        JsonSpan ignored;
        if (!scalar(ignored)) return false;
        value_wanted = false;
      } else if (open == depth) {
        too_deep_ = true;
        if (!pass_blindly()) return false;
        value_wanted = false;
      } else {
        ++next_;
        objects = objects << 1 | (c == '{' ? 1U : 0U);
        ++open;
        value_wanted = peek() != (c == '{' ? '}' : ']');
      }
    } else {
      const char c = peek();
      if (at_end()) return false;
      ++next_;
      if (c == ',') {
        value_wanted = true;
      } else if (c == ((objects & 1) != 0 ? '}' : ']')) {
        objects >>= 1;
        --open;
      } else {
        return false;
      }
    }
  } while (open != 0 || value_wanted);
  span.end = span_of(next_ - 1).end;
  return true;
}

}  // namespace guidepost::event
