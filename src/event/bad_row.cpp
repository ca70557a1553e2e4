#include "guidepost/event/bad_row.hpp"

#include <charconv>
#include <cstdio>

#include "event/row_tail.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "bad row: " + std::string(what));
}

std::string hex64(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

bool read_number(std::string_view text, int base, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string bad_row_key(SourceId source, const Bad& bad) {
  ByteWriter out;
  out.reserve(bad.merchant.size() + kRowTailBytes);
  out.bytes(bad.merchant);
  append_row_tail(out, {from_unix_ms(cell_time(bad.record_time)), source, bad.offset});
  return std::move(out).take();
}

std::string bad_row_start(std::string_view merchant, TimeMs received) {
  ByteWriter out;
  out.bytes(merchant);
  out.u8(0);
  out.be64(static_cast<std::uint64_t>(cell_time(received)));
  return std::move(out).take();
}

Result<BadRowKey> parse_bad_row_key(std::string_view row) {
  if (row.size() < 1 + kRowTailBytes) return corrupt("the key is too short");
  const auto merchant = row.substr(0, row.size() - kRowTailBytes);
  const auto tail_bytes = row.substr(merchant.size());
  if (tail_bytes[0] != '\0' || merchant.find('\0') != merchant.npos) {
    return corrupt("the key is not merchant, 0x00, received, source, offset");
  }
  const auto tail = parse_row_tail(tail_bytes);
  if (unix_ms(tail.time) < 0 || tail.offset.value < 0) return corrupt("a time or offset of the key is negative");
  return BadRowKey{merchant, tail.time, tail.source, tail.offset};
}

RowPut bad_row(SourceId source, const Bad& bad) {
  RowPut put;
  put.row = bad_row_key(source, bad);
  const auto timestamp = cell_time(bad.record_time);
  const auto add = [&](std::string_view qualifier, std::string value) {
    put.cells.push_back({std::string(kBadFamily), std::string(qualifier), timestamp, std::move(value)});
  };
  add("bytes", std::string(bad.bytes));
  if (!bad.field.empty()) add("field", std::string(bad.field));
  add("hash", hex64(bad.full_hash));
  add("reason", std::string(to_string(bad.reason)));
  add("size", std::to_string(bad.full_size));
  return put;
}

Result<StoredBad> parse_bad_row(const Row& row) {
  auto key = parse_bad_row_key(row.key);
  if (!key) return tl::unexpected(std::move(key.error()));
  StoredBad stored;
  stored.source = key->source;
  stored.bad.offset = key->offset;
  stored.bad.record_time = key->received;
  stored.bad.merchant = key->merchant;
  const auto* bytes = row.find(kBadFamily, "bytes");
  const auto* reason = row.find(kBadFamily, "reason");
  const auto* size = row.find(kBadFamily, "size");
  const auto* hash = row.find(kBadFamily, "hash");
  if (bytes == nullptr || reason == nullptr || size == nullptr || hash == nullptr) return corrupt("a cell is missing");
  const auto known = reason_from_string(reason->value);
  if (!known) return corrupt("the reason `" + reason->value + "` is none");
  stored.bad.bytes = bytes->value;
  stored.bad.reason = *known;
  if (const auto* field = row.find(kBadFamily, "field")) stored.bad.field = field->value;
  if (!read_number(size->value, 10, stored.bad.full_size) || !read_number(hash->value, 16, stored.bad.full_hash)) {
    return corrupt("size or hash is not a number");
  }
  return stored;
}

}  // namespace guidepost::event
