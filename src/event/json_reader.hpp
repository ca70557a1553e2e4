// Walks the tokens of a JSON text, strictly: what it passes over is JSON, or it says so.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/json_index.hpp"

namespace guidepost::event {

/// A value in the text, quotes and brackets included.
struct JsonSpan {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Thread: one owner. Blocks, allocates: never. After a false from any call the text is not JSON, and
/// nothing more may be read.
class JsonReader {
 public:
  static constexpr unsigned kMaxDepth = 64;

  /// `text` is what `index` was built from.
  JsonReader(const char* text, const JsonIndex& index);

  /// First byte of the value to be read next; 0 at the end.
  char peek() const { return at(next_); }
  bool at_end() const { return next_ == count_; }
  std::uint32_t position() const { return tokens_[next_]; }
  /// Where the container that was just read ends.
  std::uint32_t end_of_last() const { return tokens_[next_ - 1] + 1; }

  /// Reads an object: `visit(key)` for each member, which must read the value (by one of these
  /// calls) and say whether that went well. The key is raw, without its quotes.
  template <class Visit>
  bool members(Visit&& visit);
  /// Reads a string, number, true, false or null.
  bool scalar(JsonSpan& span) {
    if (peek() != '"') return word(span);
    span = span_of(next_);
    ++next_;
    return good_string(span);
  }
  /// Reads any value. Containers nested deeper than `depth` are passed without a look at what is in
  /// them, and remembered in too_deep(). `members`: how many it has itself where it is an object.
  bool any(unsigned depth, JsonSpan& span, std::uint32_t& members);

  bool too_deep() const { return too_deep_; }
  /// Whether the text has a backslash anywhere.
  bool has_escapes() const { return has_escapes_; }

 private:
  char at(std::size_t token) const { return text_[tokens_[token]]; }
  JsonSpan span_of(std::size_t token) const {
    auto end = tokens_[token + 1];
    while (is_space(text_[end - 1])) --end;  // ends at the token's first byte at the latest
    return {tokens_[token], end};
  }
  bool is_key() const { return at(next_) == '"' && at(next_ + 1) == ':'; }
  // The index promises that nothing but white space lies between a string's end and the next token.
  bool good_string(JsonSpan span) const {
    return span.end - span.begin >= 2 && text_[span.end - 1] == '"' && (!has_escapes_ || good_escapes(span));
  }
  bool good_escapes(JsonSpan span) const;
  bool word(JsonSpan& span);
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  bool pass_blindly();

  const char* text_;
  const std::uint32_t* tokens_;
  std::size_t count_;
  std::size_t next_ = 0;
  bool has_escapes_;
  bool too_deep_ = false;
};

template <class Visit>
bool JsonReader::members(Visit&& visit) {
  if (peek() != '{') return false;
  ++next_;
  if (peek() == '}') {
    ++next_;
    return true;
  }
  while (is_key()) {
    const auto key = span_of(next_);
    if (!good_string(key)) return false;
    next_ += 2;
    if (!visit(std::string_view(text_ + key.begin + 1, key.end - key.begin - 2))) return false;
    const char separator = peek();
    if (separator == '}') {
      ++next_;
      return true;
    }
    if (separator != ',') return false;
    ++next_;
  }
  return false;
}

}  // namespace guidepost::event
