// What a page in memory is made of: entries, the table that finds them, and the account of what each
// chunk takes when it is encoded. Included by page.cpp, split.cpp and fold.cpp only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/spread.hpp"
#include "rollup/chunk_codec.hpp"
#include "rollup/page.hpp"
#include "rollup/sketch.hpp"

namespace guidepost::rollup {

inline constexpr std::size_t kTrafficCount = 2;
inline constexpr std::size_t kValueBlock = 1024;  ///< most pages are small
inline constexpr std::uint32_t kMaxOthers = 64;   ///< of a chunk, then `--` stands for further countries
/// Runs of a chunk: (dimension, traffic).
inline constexpr std::size_t kRunCount = static_cast<std::size_t>(Dimension::kCount) * kTrafficCount;

/// A dimension's value, before it is known whether the page has it. `second` is the country of kUrlCountry. Chunked
/// values of one `first` are in one chunk, whatever their dimension.
struct Value {
  Dimension dimension = Dimension::kTotal;
  event::Traffic traffic = event::Traffic::kHuman;
  std::uint8_t route = 0;  ///< low max_bits of hash64(first), which say its chunk; 0 in chunk 0
  std::uint64_t hash = 0;  ///< of all of the above and the text
  std::string_view first;
  std::string_view second;

  std::size_t size() const { return first.size() + (dimension == Dimension::kUrlCountry ? 1 + second.size() : 0); }
};
/// `first_hash` is hash64(first).
Value make_value(Dimension dimension, event::Traffic traffic, std::string_view first, std::uint64_t first_hash,
                 std::string_view second, std::uint8_t route);

struct Entry {
  std::uint64_t hash = 0;
  std::string_view value;
  Dimension dimension = Dimension::kTotal;
  event::Traffic traffic = event::Traffic::kHuman;
  std::uint8_t route = 0;
  bool users_apart = false;  ///< false: `users` equals `devices`, is small, and is kept there alone
  std::array<std::int64_t, kCounterCount> counters{};
  DistinctCount devices;
  DistinctCount users;
  std::vector<Money> money;  ///< ascending by currency

  std::size_t outside_memory() const {
    return devices.memory_bytes() + users.memory_bytes() + money.capacity() * sizeof(Money);
  }
};

/// What the format makes of a chunk: its encoded size, without encoding it.
struct ChunkAccount {
  std::size_t entry_bytes = 0;  ///< of values, counters and distinct counts
  std::size_t name_bytes = 0;   ///< of values alone, (other) left out
  std::uint32_t values = 0;     ///< (other) left out
  std::uint32_t others = 0;     ///< (other)s of url x country, one for a country
  std::array<std::uint32_t, kRunCount> runs{};
  /// Contributions below it are in the chunk already: its writer died before it had put chunk 0.
  Offset ahead;
  bool dirty = false;

  std::size_t body_bytes() const;
};

/// Open addressing by hash, linear probing; indices of entries.
class EntryTable {
 public:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t index = 0;  // + 1; 0: free
  };
  void reserve(std::size_t entries);  ///< empties the table where it grows
  bool has_room() const;
  void insert(std::uint64_t hash, std::uint32_t index);  ///< the caller knows that it is absent
  /// The first index for which `is_it(index)` is true, or -1.
  template <class IsIt>
  std::int64_t find(std::uint64_t hash, IsIt&& is_it) const {
    if (slots_.empty()) return -1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (auto at = spread(hash) & mask_;; at = (at + 1) & mask_) {
      const auto& slot = slots_[at];
      if (slot.index == 0) return -1;
      if (slot.tag == tag && is_it(slot.index - 1)) return slot.index - 1;
    }
  }
  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[spread(hash) & mask_]);
  }
  std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  std::vector<Slot> slots_;
  std::uint64_t mask_ = 0;
  std::size_t used_ = 0;
};

struct Page::Impl {
  Impl(PageKey k, PageLimits l) : key(std::move(k)), limits(l), max_bits(l.max_bits) { chunks.resize(2); }

  PageKey key;
  PageLimits limits;
  std::uint8_t max_bits;  ///< of the limits, or less: a page that has folded splits no further
  std::uint8_t bits = 0;
  Offset position;
  Offset next;  ///< above every contribution so far
  Offset first_offset;
  RulesHash rules;
  std::uint64_t events = 0;
  std::uint64_t dirty_events = 0;
  bool dirty = false;  ///< also by changes of sessions
  std::uint64_t folded = 0;
  std::size_t value_memory = 0;   ///< of `values`
  std::size_t outside_memory = 0;  ///< of distinct counts and money, outside of entries

  Arena values{kValueBlock};
  std::vector<Entry> entries;
  std::array<DistinctCount, kTrafficCount> customers;  ///< of the totals
  EntryTable table;
  std::vector<ChunkAccount> chunks;  ///< chunk 0, then 1 + h

  std::uint8_t route_of(std::uint64_t first_hash) const {
    return static_cast<std::uint8_t>(first_hash & ((1U << max_bits) - 1));
  }
  std::size_t chunk_of(Dimension dimension, std::uint8_t route) const {
    return is_chunked(dimension) ? std::size_t{1} + (route & ((1U << bits) - 1)) : 0;
  }
  std::int64_t find(const Value& value) const;
  Entry& insert(const Value& value);
  Entry& find_or_insert(const Value& value);  ///< or (other), where there is no room
  bool is_full(const Value& value) const;
  Value other_for(const Value& value) const;
  void account(const Entry& entry);  ///< adds all of an entry to its chunk
  void split_while_over(std::size_t chunk);
  template <class Fold>
  void change(std::span<const Value> touched, Offset offset, Fold fold);
  void contribute(Offset offset, RulesHash rules);

  Result<void> load(const ChunkReader& chunk);
  Result<Value> placed(const ReadEntry& read, std::uint8_t chunk) const;
};

/// Which of ChunkAccount::runs.
std::size_t run_index(Dimension dimension, event::Traffic traffic);
bool is_other(std::string_view value);  ///< (other), with a country or without
std::size_t encoded_bytes(const Entry& entry, const DistinctCount* customers);

}  // namespace guidepost::rollup
