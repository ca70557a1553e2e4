// Entries of a page: finding, making room, folding into (other), splitting chunks.
#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "rollup/page_state.hpp"

namespace guidepost::rollup {
namespace {

constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto x = (a ^ b) * 0x9e3779b97f4a7c15ULL;
  return x ^ (x >> 32);
}

bool text_equals(std::string_view stored, const Value& value) {
  if (value.dimension != Dimension::kUrlCountry) return stored == value.first;
  return stored.size() == value.size() && stored.starts_with(value.first) && stored[value.first.size()] == '\0' &&
         stored.ends_with(value.second);
}

}  // namespace

Value make_value(Dimension dimension, event::Traffic traffic, std::string_view first, std::uint64_t first_hash,
                 std::string_view second, std::uint8_t route) {
  Value value;
  value.dimension = dimension;
  value.traffic = traffic;
  value.route = route;
  value.first = first;
  value.second = second;
  const auto kind = (static_cast<std::uint64_t>(dimension) << 16) | (static_cast<std::uint64_t>(traffic) << 8) | route;
  value.hash = mix(first_hash, mix(kind + 1, 0));
  if (dimension == Dimension::kUrlCountry) value.hash = mix(value.hash, hash64(second));
  return value;
}

bool is_other(std::string_view value) {
  return value.starts_with(kOther) && (value.size() == kOther.size() || value[kOther.size()] == '\0');
}

std::size_t run_index(Dimension dimension, event::Traffic traffic) {
  return static_cast<std::size_t>(dimension) * kTrafficCount + static_cast<std::size_t>(traffic);
}

std::size_t ChunkAccount::body_bytes() const {
  std::size_t bytes = entry_bytes;
  std::size_t entries = 0;
  std::size_t run_count = 0;
  for (auto run : runs) {
    if (run == 0) continue;
    entries += run;
    ++run_count;
    bytes += run_bytes(run, 0);
  }
  return bytes + body_overhead_bytes(entries, run_count);
}

void EntryTable::reserve(std::size_t entries) {
  if (entries * 3 <= slots_.size() * 2) return;
  std::size_t size = slots_.empty() ? 16 : slots_.size();
  while (entries * 3 > size * 2) size *= 2;
  slots_.assign(size, {});
  mask_ = size - 1;
  used_ = 0;
}

bool EntryTable::has_room() const { return (used_ + 1) * 3 <= slots_.size() * 2; }

void EntryTable::insert(std::uint64_t hash, std::uint32_t index) {
  GUIDEPOST_ASSERT(has_room());
  auto at = spread(hash) & mask_;
  while (slots_[at].index != 0) at = (at + 1) & mask_;
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32), index + 1};
  ++used_;
}

std::int64_t Page::Impl::find(const Value& value) const {
  return table.find(value.hash, [&](std::uint32_t index) {
    const auto& entry = entries[index];
    return entry.hash == value.hash && entry.dimension == value.dimension && entry.traffic == value.traffic &&
           entry.route == value.route && text_equals(entry.value, value);
  });
}

Entry& Page::Impl::insert(const Value& value) {
  if (!table.has_room()) {
    table.reserve((entries.size() + 1) * 2);
    for (std::size_t i = 0; i < entries.size(); ++i) table.insert(entries[i].hash, static_cast<std::uint32_t>(i));
  }
  table.insert(value.hash, static_cast<std::uint32_t>(entries.size()));
  auto& entry = entries.emplace_back();
  entry.hash = value.hash;
  entry.dimension = value.dimension;
  entry.traffic = value.traffic;
  entry.route = value.route;
  auto* text = values.allocate(value.size());
  value_memory += value.size();
  if (!value.first.empty()) std::memcpy(text, value.first.data(), value.first.size());
  if (value.dimension == Dimension::kUrlCountry) {
    text[value.first.size()] = '\0';
    if (!value.second.empty()) std::memcpy(text + value.first.size() + 1, value.second.data(), value.second.size());
  }
  entry.value = {text, value.size()};
  return entry;
}

bool Page::Impl::is_full(const Value& value) const {
  if (value.size() > limits.value_bytes) return true;
  const auto& chunk = chunks[chunk_of(value.dimension, value.route)];
  if (!is_chunked(value.dimension)) return chunk.runs[run_index(value.dimension, value.traffic)] >= limits.small_values;
  return bits == max_bits && (chunk.values >= limits.chunk_values || chunk.name_bytes >= limits.chunk_bytes.value);
}

Value Page::Impl::other_for(const Value& value) const {
  // In the chunk of what it stands for: each chunk depends on its own values only.
  // (Before the last split, only a value that is too long gets here: then (other) has a place like any url.)
  const auto hash = hash64(kOther);
  const auto route = !is_chunked(value.dimension) ? std::uint8_t{0} : bits == max_bits ? value.route : route_of(hash);
  const auto country = value.second.size() == 2 ? value.second : std::string_view("--");
  return make_value(value.dimension, value.traffic, kOther, hash, country, route);
}

Entry& Page::Impl::find_or_insert(const Value& value) {
  if (const auto index = find(value); index >= 0) return entries[static_cast<std::size_t>(index)];
  if (!is_full(value)) {
    auto& entry = insert(value);
    account(entry);
    return entry;
  }
  ++folded;
  auto other = other_for(value);
  auto index = find(other);
  if (index < 0 && chunks[chunk_of(other.dimension, other.route)].others >= kMaxOthers) {
    other.second = "--";
    other = other_for(other);
    index = find(other);
  }
  if (index >= 0) return entries[static_cast<std::size_t>(index)];
  auto& entry = insert(other);
  account(entry);
  return entry;
}

std::size_t encoded_bytes(const Entry& entry, const DistinctCount* customers) {
  auto bytes = value_bytes(entry.value.size());
  for (auto counter : entry.counters) bytes += zigzag_bytes(counter);
  bytes += entry.devices.stored_bytes();
  bytes += entry.users_apart ? entry.users.stored_bytes() : 1;
  bytes += money_bytes(entry.money);
  return bytes + (customers != nullptr ? customers->stored_bytes() : 1);
}

void Page::Impl::account(const Entry& entry) {
  const auto* own =
      entry.dimension == Dimension::kTotal ? &customers[static_cast<std::size_t>(entry.traffic)] : nullptr;
  auto& chunk = chunks[chunk_of(entry.dimension, entry.route)];
  chunk.entry_bytes += encoded_bytes(entry, own);
  ++chunk.runs[run_index(entry.dimension, entry.traffic)];
  if (!is_other(entry.value)) {
    ++chunk.values;
    chunk.name_bytes += entry.value.size();
  } else if (entry.dimension == Dimension::kUrlCountry) {
    ++chunk.others;
  }
}

void Page::Impl::split_while_over(std::size_t chunk) {
  const auto over = [&](const ChunkAccount& c) {
    // The overhead of a body is below 64 bytes: most calls end with one comparison.
    return c.entry_bytes + 64 > limits.chunk_bytes.value && c.body_bytes() > limits.chunk_bytes.value;
  };
  if (!over(chunks[chunk])) return;
  // A page that was written in part splits when it has caught up: until then its size is none of any position.
  if (std::any_of(chunks.begin(), chunks.end(), [&](const ChunkAccount& c) { return c.ahead > next; })) return;
  bool again = true;
  while (again && bits < max_bits) {
    ++bits;
    auto small = chunks[0];
    chunks.assign(std::size_t{1} + (std::size_t{1} << bits), {});
    chunks[0] = small;
    for (const auto& entry : entries) {
      if (is_chunked(entry.dimension)) account(entry);
    }
    again = false;
    for (std::size_t c = 1; c < chunks.size(); ++c) {
      chunks[c].dirty = true;
      again = again || over(chunks[c]);
    }
  }
}

}  // namespace guidepost::rollup
