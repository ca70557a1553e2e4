// Any bytes as a raw record: one outcome, the same in an envelope, and JSON means what simdjson's own
// parser says it means.
#include <simdjson.h>

#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "event/currency.hpp"
#include "event/decoder.hpp"
#include "event/time_text.hpp"

using namespace guidepost;
using namespace guidepost::event;

namespace {

constexpr TimeMs kNow = from_unix_ms(1'431'864'000'000);

EventLimits limits() {
  EventLimits l;
  l.default_merchant = "shop";
  l.max_age = std::chrono::hours{24 * 365 * 50};
  return l;
}

void check_event(const Accepted& e) {
  GUIDEPOST_ASSERT(e.time >= kFirstTime && e.time <= kLastTime);
  GUIDEPOST_ASSERT(!e.text[Field::kMerchant].empty() && e.text[Field::kMerchant].size() <= 40);
  for (const auto field : {Field::kType, Field::kGuid, Field::kEventId}) GUIDEPOST_ASSERT(!e.text[field].empty());
  GUIDEPOST_ASSERT(e.text[Field::kUrl].size() <= limits().url_chars);
  const auto minor = e.text[Field::kRevenueMinor];
  GUIDEPOST_ASSERT(minor.empty() == e.text[Field::kRevenue].empty());
  if (!minor.empty()) {
    const auto currency = find_currency(e.text[Field::kCurrency]);
    GUIDEPOST_ASSERT(currency && currency->code == e.text[Field::kCurrency] && parse_amount(minor, 0));
  }
  for (const auto text : e.text.values) GUIDEPOST_ASSERT(simdjson::validate_utf8(text.data(), text.size()));
}

void check_json(std::string_view bytes, const Decoded& d) {
  static simdjson::dom::parser parser;
  const simdjson::padded_string padded(bytes.data(), bytes.size());
  simdjson::dom::element document;
  const auto failed = parser.parse(padded).get(document);
  const bool is_envelope = !failed && document.is_object() && document["received"].error() == simdjson::SUCCESS;
  if (is_envelope) return;
  const bool refused = d.kind == RecordKind::kBad && d.bad.reason == Reason::kNotJson;
  if (!failed) GUIDEPOST_ASSERT(refused == !document.is_object());
  // It also refuses half surrogate pairs, numbers beyond a double, and what is deeper than it likes.
  if (failed == simdjson::TAPE_ERROR || failed == simdjson::UTF8_ERROR || failed == simdjson::UNCLOSED_STRING ||
      failed == simdjson::EMPTY || failed == simdjson::UNESCAPED_CHARS || failed == simdjson::T_ATOM_ERROR ||
      failed == simdjson::F_ATOM_ERROR || failed == simdjson::N_ATOM_ERROR) {
    GUIDEPOST_ASSERT(d.kind == RecordKind::kBad);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Decoder decoder(limits());
  static Arena arena;
  arena.reset();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto bare = decoder.decode({Offset{1}, kNow, {}, bytes}, Partition{0}, arena);
  GUIDEPOST_ASSERT(bare.kind != RecordKind::kControl);
  if (bare.kind == RecordKind::kEvent) {
    check_event(bare.event);
  } else {
    GUIDEPOST_ASSERT(bare.bad.reason != Reason::kNone && !bare.bad.merchant.empty());
  }
  check_json(bytes, bare);

  if (bytes.find("received") != std::string_view::npos || bytes.find("\\u") != std::string_view::npos) return 0;
  const auto wrapped = wrap({kNow, "json", {}, {}, {}, {}, std::nullopt}, bytes);
  const auto again = decoder.decode({Offset{1}, kNow, {}, wrapped}, Partition{0}, arena);
  GUIDEPOST_ASSERT(again.kind == bare.kind);
  if (bare.kind == RecordKind::kEvent) {
    GUIDEPOST_ASSERT(again.event.time == bare.event.time && again.event.text.values == bare.event.text.values);
  } else {
    GUIDEPOST_ASSERT(again.bad.reason == bare.bad.reason && again.bad.field == bare.bad.field);
  }
  return 0;
}
