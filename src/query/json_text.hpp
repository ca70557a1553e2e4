// JSON written by hand: answers by the hundred thousand rows need no tree of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "query/request.hpp"

namespace guidepost::query {

/// A string. Values are foreign bytes: what is not UTF-8 becomes U+FFFD.
void write_text(std::string& out, std::string_view bytes);

/// An object, member by member.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += '}'; }
  /// Gives what the value is to be written to.
  std::string& name(std::string_view name);
  void text(std::string_view key, std::string_view value) { write_text(name(key), value); }
  void number(std::string_view key, std::int64_t value) { name(key) += std::to_string(value); }
  void truth(std::string_view key, bool value) { name(key) += value ? "true" : "false"; }
  void nothing(std::string_view key) { name(key) += "null"; }

 private:
  std::string& out_;
  bool first_ = true;
};

/// What was asked: merchant, from, to, tz.
void write_asked(Members& members, const Request& request);

}  // namespace guidepost::query
