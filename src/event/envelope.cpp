// wrap and record_key: what the edges put into the raw topic.
#include <fmt/format.h>
#include <charconv>
#include <cstring>
#include <memory>

#include "event/decoder.hpp"
#include "event/json_reader.hpp"
#include "event/json_text.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

// Whether `payload` is one JSON value, not nested beyond what a reader follows.
bool is_json(std::string_view payload) {
  if (payload.empty() || payload.size() > JsonIndex::kMaxText) return false;
  const auto text = std::make_unique_for_overwrite<char[]>(payload.size() + JsonIndex::kPadding);
  std::memcpy(text.get(), payload.data(), payload.size());
  std::memset(text.get() + payload.size(), 0, JsonIndex::kPadding);
  thread_local JsonIndex index;  // only its memory is kept from one call to the next
  if (!index.build(text.get(), payload.size())) return false;
  JsonReader reader(text.get(), index);
  JsonSpan span;
  std::uint32_t members = 0;
  return reader.any(JsonReader::kMaxDepth, span, members) && reader.at_end() && !reader.too_deep();
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += fmt::format(",\"{}\":", name);
  append_json_string(out, value);
}

}  // namespace

std::string wrap(const EnvelopeFields& fields, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 256);
  out += fmt::format("{{\"received\":{}", unix_ms(fields.received));
  append_member(out, "protocol", fields.protocol);
  append_member(out, "merchant", fields.merchant);
  append_member(out, "ip", fields.ip);
  append_member(out, "user_agent", fields.user_agent);
  append_member(out, "key", fields.key);
  if (fields.ordinal) out += fmt::format(",\"ordinal\":{}", *fields.ordinal);
  if ((fields.protocol.empty() || fields.protocol == "json") && is_json(payload)) {
    out += ",\"event\":";
    out += payload;
  } else {
    out += ",\"raw\":\"";
    append_base64(out, payload);
    out += '"';
  }
  out += '}';
  return out;
}

std::string record_key(std::string_view merchant, std::string_view guid_or_customer, std::uint32_t shards) {
  std::string key(merchant);
  key += '\0';
  key += std::to_string(shards > 1 ? hash64(guid_or_customer) % shards : 0);
  return key;
}

}  // namespace guidepost::event
