#include "event/decoder.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cstring>

#include "event/access_log.hpp"
#include "event/event_reader.hpp"
#include "event/json_reader.hpp"
#include "event/json_text.hpp"
#include "event/members.hpp"
#include "event/time_text.hpp"
#include "guidepost/base/codec.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/control.hpp"

namespace guidepost::event {
namespace {

// Raise it with every change of what is accepted, refused, or made of an event.
constexpr std::uint64_t kRuleNumber = 2;

constexpr std::size_t kBadBytes = std::size_t{64} * 1024;

std::uint64_t hash_of(const EventLimits& limits) {
  auto text = fmt::format("{} {} {} {} {} {} {} {} {} '{}' {}", kRuleNumber, limits.event.value, limits.url_chars,
                          limits.id_bytes, limits.properties_keys, limits.properties.value, limits.depth,
                          limits.max_age.count(), limits.max_future.count(), limits.default_merchant,
                          fmt::join(limits.listed_merchants, " "));
  text += fmt::format(" '{}'", limits.default_currency);
  for (const auto& [merchant, currency] : limits.merchant_currencies) text += fmt::format(" {}={}", merchant, currency);
  return hash64(text);
}

EventLimits normal(EventLimits limits) {
  limits.depth = std::clamp<std::size_t>(limits.depth, 1, JsonReader::kMaxDepth);
  std::sort(limits.listed_merchants.begin(), limits.listed_merchants.end());
  return limits;
}

std::string_view hex16(std::uint64_t value, Arena& arena) {
  char* const out = arena.allocate(16);
  for (std::size_t i = 0; i < 16; ++i) out[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
  return {out, 16};
}

// `GET 200 1234`
std::string_view request_text(std::string_view method, const AccessLogLine& line, Arena& arena) {
  if (method.empty()) method = "-";
  const auto size = method.size() + 1 + line.status.size() + 1 + line.bytes.size();
  char* const out = arena.allocate(size);
  std::memcpy(out, method.data(), method.size());
  out[method.size()] = ' ';
  std::memcpy(out + method.size() + 1, line.status.data(), line.status.size());
  out[method.size() + 1 + line.status.size()] = ' ';
  std::memcpy(out + size - line.bytes.size(), line.bytes.data(), line.bytes.size());
  return {out, size};
}

std::string_view without_dash(std::string_view text) { return text == "-" ? std::string_view{} : text; }

Bad bad_of(Refusal refusal, std::string_view merchant, std::string_view bytes, Offset offset, TimeMs record_time) {
  return {.offset = offset,
          .record_time = record_time,
          .merchant = merchant.empty() ? kNoMerchant : merchant,
          .reason = refusal.reason,
          .field = refusal.field,
          .bytes = bytes.substr(0, kBadBytes),
          .full_size = bytes.size(),
          .full_hash = hash64(bytes)};
}

}  // namespace

// One record at a time; what is kept between them is memory.
struct Decoder::Impl {
  explicit Impl(EventLimits given) : limits(normal(std::move(given))), rules(hash_of(limits)) {}

  EventLimits limits;
  std::uint64_t rules;
  JsonIndex index;
  Levels levels;
  char* text = nullptr;  // what `levels` speak of
  bool has_escapes = false;
  bool too_deep = false;

  // What arrived, for the bad row; the rest is known from around it.
  struct Arrived {
    std::string_view bytes;
    Surroundings around;
  };

  bool parse(std::string_view bytes, Arena& arena);
  bool is_envelope() const {
    return levels[0].has(Key::kReceived) && (levels[0].has(Key::kEvent) || levels[0].has(Key::kRaw));
  }
  /// What arrived in the envelope that was parsed last; nothing where its base64 is none.
  std::optional<std::string_view> inside(std::string_view value, Arena& arena) const;
  ValueReader values() const { return {text, has_escapes}; }
  Decoded decode(const LogRecord& record, Partition partition, Arena& arena);
  void decode_envelope(const LogRecord& record, Arrived& arrived, Arena& arena, Decoded& out);
  Refusal read_envelope(Arrived& arrived, std::string_view& protocol, std::uint64_t& ordinal) const;
  void decode_object(std::size_t level, const Arrived& arrived, Arena& arena, Decoded& out);
  void decode_line(std::uint64_t ordinal, const Arrived& arrived, Arena& arena, Decoded& out) const;
  static void refuse(Refusal refusal, std::string_view merchant, const Arrived& arrived, Decoded& out);
};

void Decoder::Impl::refuse(Refusal refusal, std::string_view merchant, const Arrived& arrived, Decoded& out) {
  out.kind = RecordKind::kBad;
  out.bad = bad_of(refusal, merchant, arrived.bytes, arrived.around.offset, arrived.around.record_time);
}

// The text is copied: its strings are unescaped where they stand, it needs padding, and views of it
// then live as long as the arena and not as the batch.
bool Decoder::Impl::parse(std::string_view bytes, Arena& arena) {
  if (bytes.empty() || bytes.size() > JsonIndex::kMaxText) return false;
  text = arena.allocate(bytes.size() + JsonIndex::kPadding);
  std::memcpy(text, bytes.data(), bytes.size());
  std::memset(text + bytes.size(), 0, JsonIndex::kPadding);
  if (!index.build(text, bytes.size())) return false;
  JsonReader reader(text, index);
  has_escapes = reader.has_escapes();
  if (!read_levels(reader, text, static_cast<unsigned>(limits.depth), levels)) return false;
  too_deep = reader.too_deep();
  return true;
}

Decoded Decoder::Impl::decode(const LogRecord& record, Partition partition, Arena& arena) {
  Decoded out;
  if (record.key == kControlKey) {
    out.kind = RecordKind::kControl;
    out.event.offset = record.offset;
    out.event.record_time = record.time;
    return out;
  }
  Arrived arrived{record.value, {record.offset, partition, record.time, {}, {}, {}}};
  if (record.value.size() > JsonIndex::kMaxText) {
    refuse({Reason::kTooLarge, {}}, {}, arrived, out);
  } else if (!parse(record.value, arena)) {
    refuse({Reason::kNotJson, {}}, {}, arrived, out);
  } else if (is_envelope()) {
    decode_envelope(record, arrived, arena, out);
  } else {
    decode_object(0, arrived, arena, out);
  }
  return out;
}

// All but what arrived in it.
Refusal Decoder::Impl::read_envelope(Arrived& arrived, std::string_view& protocol, std::uint64_t& ordinal) const {
  using Accepts = ValueReader::Accepts;
  const auto& envelope = levels[0];
  std::string_view received;
  std::string_view number;
  struct Part {
    Key key;
    Accepts accepts;
    std::string_view name;
    std::string_view* value;
  };
  for (const auto& part : {Part{Key::kReceived, Accepts::kTextOrNumber, "received", &received},
                           Part{Key::kMerchant, Accepts::kText, "merchant", &arrived.around.merchant},
                           Part{Key::kProtocol, Accepts::kText, "protocol", &protocol},
                           Part{Key::kIp, Accepts::kText, "ip", &arrived.around.ip},
                           Part{Key::kUserAgent, Accepts::kText, "user_agent", &arrived.around.user_agent},
                           Part{Key::kOrdinal, Accepts::kTextOrInteger, "ordinal", &number}}) {
    if (envelope.has(part.key) && !values().read(envelope[part.key], part.accepts, *part.value)) {
      return {Reason::kEnvelopeInvalid, part.name};
    }
  }
  const auto time = parse_event_time(received);
  if (!time) return {Reason::kEnvelopeInvalid, "received"};
  arrived.around.record_time = *time;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), ordinal);
  if (!number.empty() && (error != std::errc{} || end != number.data() + number.size())) {
    return {Reason::kEnvelopeInvalid, "ordinal"};
  }
  if (envelope.has(Key::kEvent) && envelope.has(Key::kRaw)) return {Reason::kEnvelopeInvalid, "raw"};
  if (!protocol.empty() && protocol != "json" && protocol != "access_log")
    return {Reason::kProtocolUnknown, "protocol"};
  if (protocol == "access_log" && !envelope.has(Key::kRaw)) return {Reason::kEnvelopeInvalid, "raw"};
  return {};
}

std::optional<std::string_view> Decoder::Impl::inside(std::string_view value, Arena& arena) const {
  const auto& envelope = levels[0];
  if (envelope.has(Key::kEvent)) {
    const auto span = envelope[Key::kEvent];
    return value.substr(span.begin, span.end - span.begin);
  }
  std::string_view base64;
  if (!values().read(envelope[Key::kRaw], ValueReader::Accepts::kText, base64)) return std::nullopt;
  return decode_base64(base64, arena);
}

void Decoder::Impl::decode_envelope(const LogRecord& record, Arrived& arrived, Arena& arena, Decoded& out) {
  const auto& envelope = levels[0];
  const bool has_event = envelope.has(Key::kEvent);
  Refusal refused;
  if (const auto bytes = inside(record.value, arena)) {
    arrived.bytes = *bytes;
  } else {
    refused = {Reason::kEnvelopeInvalid, "raw"};
  }
  std::string_view protocol;
  std::uint64_t ordinal = 0;
  if (const auto of_parts = read_envelope(arrived, protocol, ordinal)) refused = of_parts;
  if (refused) {
    std::string_view merchant;
    decide_merchant(limits, arrived.around.merchant, arena, merchant);
    refuse(refused, merchant, arrived, out);
  } else if (protocol == "access_log") {
    decode_line(ordinal, arrived, arena, out);
  } else if (has_event ? values().is_object(envelope[Key::kEvent]) : parse(arrived.bytes, arena)) {
    decode_object(has_event ? 1 : 0, arrived, arena, out);
  } else {
    std::string_view merchant;
    decide_merchant(limits, arrived.around.merchant, arena, merchant);
    refuse({Reason::kNotJson, {}}, merchant, arrived, out);
  }
}

// A bare event or seed 002's, from levels[level] on.
void Decoder::Impl::decode_object(std::size_t level, const Arrived& arrived, Arena& arena, Decoded& out) {
  const auto& members = levels[level];
  const auto read = values();
  std::string_view sent = arrived.around.merchant;
  std::string_view merchant;
  Refusal refused;
  if (sent.empty() && members.has(Key::kMerchant) &&
      !read.read(members[Key::kMerchant], ValueReader::Accepts::kText, sent)) {
    refused = {Reason::kFieldWrongType, "merchant"};
  } else {
    refused = decide_merchant(limits, sent, arena, merchant);
  }
  if (too_deep || arrived.bytes.size() > limits.event.value) refused = {Reason::kTooLarge, {}};

  if (!refused) {
    out.kind = RecordKind::kEvent;
    out.event.offset = arrived.around.offset;
    out.event.record_time = arrived.around.record_time;
    out.event.text[Field::kMerchant] = merchant;
    if (!members.has(Key::kPackageId) || !members.has(Key::kEvent)) {
      refused = read_event(limits, read, members, arrived.around, arena, out.event);
    } else if (level + 1 < kLevels && read.is_object(members[Key::kEvent])) {
      refused = read_packaged_event(limits, read, members, levels[level + 1], arrived.around, arena, out.event);
    } else {
      refused = {Reason::kFieldWrongType, "event"};
    }
  }
  if (refused) refuse(refused, merchant, arrived, out);
}

void Decoder::Impl::decode_line(std::uint64_t ordinal, const Arrived& arrived, Arena& arena, Decoded& out) const {
  std::string_view merchant;
  auto refused = decide_merchant(limits, arrived.around.merchant, arena, merchant);
  if (arrived.bytes.size() > limits.event.value) refused = {Reason::kTooLarge, {}};
  const auto line = refused ? std::nullopt : parse_access_log(arrived.bytes);
  if (!refused && !line) refused = {Reason::kLineMalformed, {}};
  if (!refused) refused = check_age(limits, line->time, arrived.around.record_time);
  if (!refused && line->address.size() > limits.id_bytes) refused = {Reason::kFieldTooLong, "ip"};
  if (refused) {
    refuse(refused, merchant, arrived, out);
    return;
  }
  const auto request = split_request(line->request);
  auto& event = out.event;
  out.kind = RecordKind::kEvent;
  event.offset = arrived.around.offset;
  event.record_time = arrived.around.record_time;
  event.time = line->time;
  event.text[Field::kMerchant] = merchant;
  event.text[Field::kType] = is_page_view(request, line->status) ? "page_view" : "request";
  event.text[Field::kEventId] = hex16(hash64(arrived.bytes, ordinal), arena);
  event.text[Field::kGuid] = hex16(hash64(line->user_agent, hash64(line->address)), arena);
  event.text[Field::kUrl] = cut_url(limits, target_path(request.target), event.flags);
  event.text[Field::kReferrer] = without_dash(line->referrer);
  event.text[Field::kIp] = line->address;
  event.text[Field::kUserAgent] = without_dash(line->user_agent);
  event.text[Field::kRequest] = request_text(request.method, *line, arena);
}

Decoder::Decoder(EventLimits limits) : impl_(std::make_unique<Impl>(std::move(limits))) {}
Decoder::~Decoder() = default;

Decoded Decoder::decode(const LogRecord& record, Partition partition, Arena& arena) {
  return impl_->decode(record, partition, arena);
}

Bad refused(const LogRecord& record, Reason reason) {
  return bad_of({reason, {}}, {}, record.value, record.offset, record.time);
}

std::optional<std::string_view> Decoder::unwrap(std::string_view value, Arena& arena) {
  if (!impl_->parse(value, arena) || !impl_->is_envelope()) return std::nullopt;
  return impl_->inside(value, arena);
}

std::uint64_t Decoder::rules() const { return impl_->rules; }

}  // namespace guidepost::event
