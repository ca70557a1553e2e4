#include "guidepost/event/event_row.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "event/row_tail.hpp"
#include "event/session_words.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::event {
namespace {

constexpr std::string_view kResolvedBy = "resolved_by";
constexpr std::string_view kTraffic = "traffic";
constexpr std::string_view kFlags = "flags";
constexpr std::pair<std::uint8_t, std::string_view> kFlagWords[] = {{kUrlCut, "url_cut"}, {kNoDevice, "no_device"}};

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "event row: " + std::string(what));
}

std::string flag_words(std::uint8_t flags) {
  std::string words;
  for (const auto& [bit, word] : kFlagWords) {
    if ((flags & bit) == 0) continue;
    if (!words.empty()) words += ',';
    words += word;
  }
  return words;
}

bool read_flags(std::string_view words, std::uint8_t& flags) {
  while (!words.empty()) {
    const auto comma = std::min(words.find(','), words.size());
    const auto* known = std::find_if(std::begin(kFlagWords), std::end(kFlagWords),
                                     [&](const auto& f) { return f.second == words.substr(0, comma); });
    if (known == std::end(kFlagWords)) return false;
    flags = static_cast<std::uint8_t>(flags | known->first);
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return true;
}

template <class Enum>
bool read_word(std::string_view word, std::initializer_list<Enum> all, Enum& out) {
  for (const Enum e : all) {
    if (to_string(e) == word) {
      out = e;
      return true;
    }
  }
  return false;
}

struct NamedField {
  std::string_view family, qualifier;
  Field field;
};

/// All fields, sorted by their place in a row.
const std::vector<NamedField>& fields_by_place() {
  static const std::vector<NamedField> fields = [] {
    std::vector<NamedField> all;
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      const auto field = static_cast<Field>(i);
      if (field != Field::kMerchant) all.push_back({spec(field).family, spec(field).qualifier, field});
    }
    std::sort(all.begin(), all.end(), [](const NamedField& a, const NamedField& b) {
      return std::pair(a.family, a.qualifier) < std::pair(b.family, b.qualifier);
    });
    return all;
  }();
  return fields;
}

/// Whether the cell could be read; cells that are not ours are passed over.
bool read_cell(const Cell& cell, StoredEvent& stored) {
  auto& event = stored.event;
  const std::pair place(std::string_view(cell.family), std::string_view(cell.qualifier));
  if (place == std::pair(kEventFamilies[3], kResolvedBy)) {
    return read_word(cell.value, {ResolvedBy::kNone, ResolvedBy::kMap, ResolvedBy::kStitch, ResolvedBy::kClaim},
                     event.resolved_by);
  }
  if (place == std::pair(kEventFamilies[2], kTraffic)) {
    return read_word(cell.value, {Traffic::kHuman, Traffic::kBot}, event.traffic);
  }
  if (place == std::pair(kEventFamilies[0], kFlags)) return read_flags(cell.value, event.flags);
  if (place == std::pair(kEventFamilies[0], kSessionChanges)) {
    return read_session_words(cell.value, event.offset, event.time, stored.changes);
  }
  const auto& fields = fields_by_place();
  const auto at = std::lower_bound(fields.begin(), fields.end(), place, [](const NamedField& f, const auto& p) {
    return std::pair(f.family, f.qualifier) < p;
  });
  if (at != fields.end() && std::pair(at->family, at->qualifier) == place) event.text[at->field] = cell.value;
  return true;
}

}  // namespace

std::uint8_t event_salt(std::string_view merchant, std::string_view guid) {
  std::string key;
  key.reserve(merchant.size() + 1 + guid.size());
  key.append(merchant).push_back('\0');
  key.append(guid);
  return static_cast<std::uint8_t>(hash64(key) % kEventSalts);
}

std::string event_row_key(const EventRowKey& key) {
  ByteWriter out;
  out.reserve(1 + key.merchant.size() + kRowTailBytes);
  out.u8(key.salt);
  out.bytes(key.merchant);
  append_row_tail(out, {key.time, key.source, key.offset});
  return std::move(out).take();
}

std::string event_row_key(SourceId source, const Accepted& event) {
  const std::string_view merchant = event.text[Field::kMerchant];
  return event_row_key({event_salt(merchant, event.text[Field::kGuid]), merchant, event.time, source, event.offset});
}

std::string event_row_start(std::uint8_t salt, std::string_view merchant, TimeMs time) {
  ByteWriter out;
  out.u8(salt);
  out.bytes(merchant);
  out.u8(0);
  out.be64(static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms(time))));
  return std::move(out).take();
}

Result<EventRowKey> parse_event_row_key(std::string_view row) {
  if (row.size() < 2 + kRowTailBytes) return corrupt("the key is too short");
  const auto merchant = row.substr(1, row.size() - 1 - kRowTailBytes);
  const auto tail_bytes = row.substr(1 + merchant.size());
  const auto salt = static_cast<std::uint8_t>(row[0]);
  if (salt >= kEventSalts || tail_bytes[0] != '\0' || merchant.find('\0') != merchant.npos) {
    return corrupt("the key is not salt, merchant, 0x00, time, source, offset");
  }
  const auto tail = parse_row_tail(tail_bytes);
  if (unix_ms(tail.time) < 0 || tail.offset.value < 0) return corrupt("a time or offset of the key is negative");
  return EventRowKey{salt, merchant, tail.time, tail.source, tail.offset};
}

RowPut event_row(SourceId source, const Accepted& event, std::string_view session_changes) {
  RowPut put;
  put.row = event_row_key(source, event);
  put.cells.reserve(16);
  const auto timestamp = cell_time(event.record_time);
  const auto add = [&](std::string_view family, std::string_view qualifier, std::string_view value) {
    put.cells.push_back({std::string(family), std::string(qualifier), timestamp, std::string(value)});
  };
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (field == Field::kMerchant || event.text[field].empty()) continue;
    add(spec(field).family, spec(field).qualifier, event.text[field]);
  }
  add(kEventFamilies[3], kResolvedBy, to_string(event.resolved_by));
  if (event.traffic != Traffic::kHuman) add(kEventFamilies[2], kTraffic, to_string(event.traffic));
  if (event.flags != 0) add(kEventFamilies[0], kFlags, flag_words(event.flags));
  if (!session_changes.empty()) add(kEventFamilies[0], kSessionChanges, session_changes);
  return put;
}

Result<StoredEvent> parse_event_row(const Row& row) {
  auto key = parse_event_row_key(row.key);
  if (!key) return tl::unexpected(std::move(key.error()));
  StoredEvent stored;
  stored.source = key->source;
  stored.event.offset = key->offset;
  stored.event.time = key->time;
  stored.event.text[Field::kMerchant] = key->merchant;
  for (const auto& cell : row.cells) {
    if (!read_cell(cell, stored)) return corrupt("not one of our words in " + cell.family + ":" + cell.qualifier);
    stored.event.record_time = from_unix_ms(cell.timestamp);
  }
  if (stored.event.text[Field::kType].empty() || stored.event.text[Field::kGuid].empty()) {
    return corrupt("no type or no guid");
  }
  return stored;
}

}  // namespace guidepost::event
