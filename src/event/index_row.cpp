#include "guidepost/event/index_row.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "event/row_tail.hpp"
#include "guidepost/base/codec.hpp"
#include "guidepost/event/event_row.hpp"

namespace guidepost::event {
namespace {

/// Numbers are stored.
enum class Kind : std::uint8_t { kEvent = 1, kDevice = 2 };

constexpr std::size_t kHeadBytes = 3;  // hash and kind
constexpr std::size_t kLongestId = 0xffff;

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "index row: " + std::string(what));
}

/// hash kind merchant 0x00 length id. The length and not an end mark: what follows an id is then never taken for a part
/// of it, whatever bytes it has.
ByteWriter begin_key(Kind kind, std::string_view merchant, std::string_view id) {
  GUIDEPOST_ASSERT(id.size() <= kLongestId);
  ByteWriter hashed;
  hashed.reserve(merchant.size() + 1 + id.size());
  hashed.bytes(merchant);
  hashed.u8(0);
  hashed.bytes(id);
  ByteWriter out;
  out.reserve(kHeadBytes + merchant.size() + 1 + 2 + id.size() + kRowTailBytes);
  out.be16(static_cast<std::uint16_t>(hash64(hashed.view()) >> 48));
  out.u8(static_cast<std::uint8_t>(kind));
  out.bytes(merchant);
  out.u8(0);
  out.be16(static_cast<std::uint16_t>(id.size()));
  out.bytes(id);
  return out;
}

struct Begun {
  std::string_view merchant;
  std::string_view id;
  std::string_view rest;
};
Result<Begun> parse_begin(Kind kind, std::string_view row) {
  ByteReader in(row);
  const auto hash = in.be16();
  const auto stored = in.u8();
  if (!in.ok()) return corrupt("the key is too short");
  if (stored != static_cast<std::uint8_t>(kind)) return corrupt("the key is of another kind");
  const auto end = row.find('\0', kHeadBytes);
  if (end == row.npos) return corrupt("the key has no merchant");
  Begun begun;
  begun.merchant = in.bytes(end - kHeadBytes);
  in.u8();
  begun.id = in.bytes(in.be16());
  begun.rest = in.bytes(in.remaining());
  if (!in.ok()) return corrupt("the key ends within an id");
  if (begun.merchant.empty() || begun.id.empty()) return corrupt("the merchant or an id of the key is empty");
  // Nobody would ever look for it where it stands.
  if (hash != ByteReader(begin_key(kind, begun.merchant, begun.id).view()).be16())
    return corrupt("the hash is another");
  return begun;
}

RowPut put_of(std::string row, const Accepted& event) {
  return {std::move(row), {{std::string(kIndexFamily), {}, cell_time(event.record_time), {}}}};
}

}  // namespace

RowPut event_index_row(SourceId source, const Accepted& event) {
  auto out = begin_key(Kind::kEvent, event.text[Field::kMerchant], event.text[Field::kGuid]);
  append_row_tail(out, {event.time, source, event.offset});
  return put_of(std::move(out).take(), event);
}

std::string event_index_prefix(std::string_view merchant, std::string_view guid) {
  return std::move(begin_key(Kind::kEvent, merchant, guid)).take();
}

std::string event_index_start(std::string_view merchant, std::string_view guid, TimeMs time) {
  auto out = begin_key(Kind::kEvent, merchant, guid);
  out.u8(0);
  out.be64(static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms(time))));
  return std::move(out).take();
}

Result<IndexedEvent> parse_event_index_row(std::string_view row) {
  const auto begun = parse_begin(Kind::kEvent, row);
  if (!begun) return tl::unexpected(begun.error());
  if (begun->rest.size() != kRowTailBytes || begun->rest[0] != '\0') {
    return corrupt("the key does not end with 0x00, time, source, offset");
  }
  const auto tail = parse_row_tail(begun->rest);
  if (unix_ms(tail.time) < 0 || tail.offset.value < 0) return corrupt("a time or offset of the key is negative");
  return IndexedEvent{begun->merchant, begun->id, tail.time, tail.source, tail.offset};
}

std::string event_row_key(const IndexedEvent& event) {
  Accepted named;
  named.time = event.time;
  named.offset = event.offset;
  named.text[Field::kMerchant] = event.merchant;
  named.text[Field::kGuid] = event.guid;
  return event_row_key(event.source, named);
}

RowPut device_index_row(const Accepted& event) {
  auto out = begin_key(Kind::kDevice, event.text[Field::kMerchant], event.text[Field::kCustomer]);
  out.bytes(event.text[Field::kGuid]);
  return put_of(std::move(out).take(), event);
}

std::string device_index_prefix(std::string_view merchant, std::string_view customer) {
  return std::move(begin_key(Kind::kDevice, merchant, customer)).take();
}

Result<IndexedDevice> parse_device_index_row(std::string_view row) {
  const auto begun = parse_begin(Kind::kDevice, row);
  if (!begun) return tl::unexpected(begun.error());
  if (begun->rest.empty()) return corrupt("the key has no guid");
  return IndexedDevice{begun->merchant, begun->id, begun->rest};
}

}  // namespace guidepost::event
