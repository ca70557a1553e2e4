#include "query/json_text.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace guidepost::query {

void write_text(std::string& out, std::string_view bytes) {
  out += '"';
  while (!bytes.empty()) {
    const auto character = text::first_character(bytes);
    const char c = bytes[0];
    if (!character.valid) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += bytes.substr(0, character.size);
    }
    bytes.remove_prefix(character.size);
  }
  out += '"';
}

std::string& Members::name(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  write_text(out_, name);
  return out_ += ':';
}

void write_asked(Members& members, const Request& request) {
  members.text("merchant", request.merchant);
  members.text("from", request.zone.rfc3339(request.from));
  members.text("to", request.zone.rfc3339(request.to));
  members.text("tz", request.zone.name());
}

}  // namespace guidepost::query
