#include "event/members.hpp"

#include <cstring>
#include <optional>
#include <span>

#include "event/json_text.hpp"

namespace guidepost::event {
namespace {

struct KeyName {
  std::string_view name;
  Key key;
};

constexpr std::array kTopNames{
    KeyName{"event_id", Key::kEventId},
    KeyName{"type", Key::kType},
    KeyName{"time", Key::kTime},
    KeyName{"merchant", Key::kMerchant},
    KeyName{"guid", Key::kGuid},
    KeyName{"customer", Key::kCustomer},
    KeyName{"session", Key::kSession},
    KeyName{"url", Key::kUrl},
    KeyName{"title", Key::kTitle},
    KeyName{"referrer", Key::kReferrer},
    KeyName{"ip", Key::kIp},
    KeyName{"user_agent", Key::kUserAgent},
    KeyName{"language", Key::kLanguage},
    KeyName{"screen", Key::kScreen},
    KeyName{"country", Key::kCountry},
    KeyName{"time_on_page_ms", Key::kTimeOnPageMs},
    KeyName{"query", Key::kQuery},
    KeyName{"product", Key::kProduct},
    KeyName{"revenue", Key::kRevenue},
    KeyName{"currency", Key::kCurrency},
    KeyName{"campaign", Key::kCampaign},
    KeyName{"properties", Key::kProperties},
    KeyName{"received", Key::kReceived},
    KeyName{"protocol", Key::kProtocol},
    KeyName{"key", Key::kKey},
    KeyName{"event", Key::kEvent},
    KeyName{"raw", Key::kRaw},
    KeyName{"ordinal", Key::kOrdinal},
    KeyName{"package_id", Key::kPackageId},
    KeyName{"id", Key::kId},
    KeyName{"customer_id", Key::kCustomerId},
    KeyName{"timestamp", Key::kTimestamp},
    KeyName{"page", Key::kPage},
    KeyName{"position", Key::kPosition},
};
constexpr std::array kProductNames{
    KeyName{"id", Key::kProductId},
    KeyName{"name", Key::kProductName},
    KeyName{"category", Key::kProductCategory},
    KeyName{"price", Key::kProductPrice},
    KeyName{"quantity", Key::kProductQuantity},
    KeyName{"position", Key::kProductPosition},
};
constexpr std::array kCampaignNames{
    KeyName{"source", Key::kCampaignSource},   KeyName{"medium", Key::kCampaignMedium},
    KeyName{"name", Key::kCampaignName},       KeyName{"term", Key::kCampaignTerm},
    KeyName{"content", Key::kCampaignContent},
};

// A hash without collisions over the top names, found by the compiler: length and first eight bytes,
// times a number, its upper bits.
constexpr unsigned kSlotBits = 8;

constexpr std::uint64_t head_of(std::string_view name) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < name.size() && i < 8; ++i) {
    head |= static_cast<std::uint64_t>(static_cast<unsigned char>(name[i])) << (8 * i);
  }
  return head;
}

constexpr std::size_t slot_of(std::uint64_t head, std::size_t size, std::uint64_t factor) {
  return static_cast<std::size_t>(((head + size) * factor) >> (64 - kSlotBits));
}

// The last eight bytes of a name of eight or more; with the first eight and the size they say all of
// names of at most sixteen.
constexpr std::uint64_t tail_of(std::string_view name) {
  return name.size() < 8 ? 0 : head_of(name.substr(name.size() - 8));
}

struct KeySlot {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::uint32_t size = UINT32_MAX;  // of no name: the slot is free
  Key key{};
};

struct KeyTable {
  std::uint64_t factor = 0;
  std::array<KeySlot, std::size_t{1} << kSlotBits> slots{};
};

constexpr KeyTable kTable = [] {
  KeyTable table;
  std::uint64_t factor = 0x9e3779b97f4a7c15;
  for (bool good = false; !good; factor = factor * 6364136223846793005ULL + 1442695040888963407ULL | 1U) {
    table = {factor, {}};
    good = true;
    for (const auto& [name, key] : kTopNames) {
      auto& slot = table.slots[slot_of(head_of(name), name.size(), factor)];
      good = good && slot.size == UINT32_MAX;
      slot = {head_of(name), tail_of(name), static_cast<std::uint32_t>(name.size()), key};
    }
  }
  return table;
}();

static_assert([] {
  for (const auto& n : kTopNames) {
    if (n.name.size() > 16) return false;
  }
  return true;
}());

// Eight bytes may be read from any key: the text is padded.
std::optional<Key> find_top(std::string_view key) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::memcpy(&head, key.data(), sizeof head);
  if (key.size() < 8) {
    head &= (std::uint64_t{1} << (8 * key.size())) - 1;
  } else {
    std::memcpy(&tail, key.data() + key.size() - 8, sizeof tail);
  }
  const auto& slot = kTable.slots[slot_of(head, key.size(), kTable.factor)];
  if (slot.head != head || slot.tail != tail || slot.size != key.size()) return std::nullopt;
  return slot.key;
}

std::optional<Key> find_in(std::span<const KeyName> names, std::string_view key) {
  for (const auto& n : names) {
    if (n.name == key) return n.key;
  }
  return std::nullopt;
}

struct LevelReader {
  JsonReader& reader;
  char* text;
  unsigned depth;
  Levels& levels;

  // `find`, once more with the escapes replaced where there are some: `"\u0069p"` is `"ip"`.
  template <class Find>
  std::optional<Key> key_of(std::string_view raw, Find find) const {
    auto key = find(raw);
    if (!key && raw.find('\\') != std::string_view::npos) {
      const auto size = unescape_in_place(text + (raw.data() - text), raw.size());
      if (size) key = find(raw.substr(0, *size));
    }
    return key;
  }

  bool pass(unsigned below) const {
    JsonSpan ignored;
    std::uint32_t members = 0;
    return reader.any(below, ignored, members);
  }

  // product and campaign: their members are of the event's own, by other names.
  bool read_inner(Members& into, std::span<const KeyName> names) const {
    return reader.members([&](std::string_view raw) {
      const auto key = key_of(raw, [names](std::string_view k) { return find_in(names, k); });
      JsonSpan span;
      std::uint32_t members = 0;
      if (!reader.any(depth - 2, span, members)) return false;
      if (key) into.set(*key, span);
      return true;
    });
  }

  bool read_value(Members& into, Key key, std::size_t level) const {
    const char first = reader.peek();
    JsonSpan span;
    if (first != '{' && first != '[') {
      if (!reader.scalar(span)) return false;
      into.set(key, span);
      return true;
    }
    if (into.has(key)) return pass(depth - 1);
    if (first == '{') {
      span.begin = reader.position();
      span.end = span.begin + 1;  // such a span only says that an object is there
      if (key == Key::kEvent && level + 1 < kLevels) {
        if (!read_level(level + 1)) return false;
        span.end = reader.end_of_last();
        into.set(key, span);
        return true;
      }
      if ((key == Key::kProduct || key == Key::kCampaign) && depth >= 2) {
        into.set(key, span);
        return key == Key::kProduct ? read_inner(into, kProductNames) : read_inner(into, kCampaignNames);
      }
    }
    std::uint32_t members = 0;
    if (!reader.any(depth - 1, span, members)) return false;
    into.set(key, span);
    if (key == Key::kProperties) into.properties_keys = members;
    return true;
  }

  bool read_level(std::size_t level) const {
    auto& into = levels[level];
    into.clear();
    return reader.members([&](std::string_view raw) {
      const auto key = key_of(raw, find_top);
      return key ? read_value(into, *key, level) : pass(depth - 1);
    });
  }
};

}  // namespace

bool read_levels(JsonReader& reader, char* text, unsigned depth, Levels& levels) {
  for (auto& level : levels) level.clear();
  const LevelReader level_reader{reader, text, depth, levels};
  return level_reader.read_level(0) && reader.at_end();
}

}  // namespace guidepost::event
