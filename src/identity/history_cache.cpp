#include "identity/history_cache.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::identity {
namespace {

constexpr std::size_t kFewestSlots = 64;
// What an allocator adds to a piece: its header and rounding up, on average.
constexpr std::size_t kAllocatorBytes = 16;

static_assert(sizeof(CachedHistory) % alignof(Assignment) == 0, "assignments follow the header");

bool same_key(const CachedHistory& history, GuidKey key) {
  return history.merchant() == key.merchant && history.guid() == key.guid;
}

}  // namespace

HistoryShare HistoryShare::make(GuidKey key, std::uint64_t hash, History history) {
  std::size_t text = key.merchant.size() + key.guid.size();
  for (const auto& a : history) text += a.customer.size();
  const std::size_t size = sizeof(CachedHistory) + history.size() * sizeof(Assignment) + text;
  GUIDEPOST_ASSERT(size + kAllocatorBytes <= UINT32_MAX);

  auto* memory = static_cast<char*>(::operator new(size));
  auto* made = new (memory) CachedHistory{hash,
                                          1,
                                          static_cast<std::uint32_t>(size + kAllocatorBytes),
                                          static_cast<std::uint32_t>(key.merchant.size()),
                                          static_cast<std::uint32_t>(key.guid.size()),
                                          static_cast<std::uint32_t>(history.size()),
                                          false};
  char* values = memory + sizeof(CachedHistory);
  char* out = values + history.size() * sizeof(Assignment);
  const auto append = [&](std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    out += bytes.size();
    return std::string_view(out - bytes.size(), bytes.size());
  };
  append(key.merchant);
  append(key.guid);
  for (const auto& a : history) {
    new (values) Assignment{a.valid_from, a.run, a.kind, append(a.customer)};
    values += sizeof(Assignment);
  }
  HistoryShare share;
  share.at_ = made;
  return share;
}

void HistoryShare::destroy(CachedHistory* history) noexcept {
  static_assert(std::is_trivially_destructible_v<CachedHistory> && std::is_trivially_destructible_v<Assignment>);
  ::operator delete(history);
}

HistoryCache::HistoryCache(Bytes limit)
    : limit_(static_cast<std::size_t>(limit.value)), slots_(kFewestSlots), mask_(kFewestSlots - 1) {}

std::uint64_t HistoryCache::hash_of(GuidKey key) {
  // The limits of events keep merchant and guid short; what is longer (a hostile producer) takes the slow way.
  char buffer[256];
  const std::size_t size = key.merchant.size() + 1 + key.guid.size();
  if (size > sizeof buffer) return guid_hash(key.merchant, key.guid);
  std::memcpy(buffer, key.merchant.data(), key.merchant.size());
  buffer[key.merchant.size()] = '\0';
  if (!key.guid.empty()) std::memcpy(buffer + key.merchant.size() + 1, key.guid.data(), key.guid.size());
  return hash64(std::string_view(buffer, size));
}

/// The slot of the key, or the empty one where its probe ends.
std::size_t HistoryCache::slot_of(GuidKey key, std::uint64_t hash) const {
  std::size_t slot = spread(hash) & mask_;
  while (slots_[slot] && !(slots_[slot]->hash == hash && same_key(*slots_[slot], key))) slot = (slot + 1) & mask_;
  return slot;
}

HistoryShare HistoryCache::find(GuidKey key, std::uint64_t hash) {
  const auto& found = slots_[slot_of(key, hash)];
  if (found) found->recently_used = true;
  return found;
}

void HistoryCache::insert(HistoryShare history) {
  const GuidKey key{history->merchant(), history->guid()};
  const std::uint64_t hash = history->hash;
  if (const auto old = slot_of(key, hash); slots_[old]) erase(old);
  const std::size_t needed = history->bytes;
  if (slots_.size() * sizeof(HistoryShare) + needed > limit_) return;
  // At most three quarters full, so that probes stay short. Where growing would not fit, eviction keeps it so.
  if ((entries_ + 1) * 4 > slots_.size() * 3) {
    const std::size_t more = slots_.size() * sizeof(HistoryShare);
    if (bytes() + more + needed <= limit_) {
      resize(slots_.size() * 2);
    } else {
      evict_one();
    }
  }
  while (bytes() + needed > limit_ && evict_one()) {
  }
  entry_bytes_ += needed;
  ++entries_;
  slots_[slot_of(key, hash)] = std::move(history);
}

/// Closes the gap: what follows in the same probe sequence moves up, so that no marks of the dead are needed.
void HistoryCache::erase(std::size_t slot) {
  entry_bytes_ -= slots_[slot]->bytes;
  --entries_;
  slots_[slot] = {};
  for (std::size_t next = (slot + 1) & mask_; slots_[next]; next = (next + 1) & mask_) {
    const std::size_t home = spread(slots_[next]->hash) & mask_;
    if (((next - home) & mask_) < ((next - slot) & mask_)) continue;  // its home lies behind the gap
    slots_[slot] = std::move(slots_[next]);
    slot = next;
  }
}

bool HistoryCache::evict_one() {
  if (entries_ == 0) return false;
  for (;; hand_ = (hand_ + stride()) & mask_) {
    if (!slots_[hand_]) continue;
    if (!slots_[hand_]->recently_used) break;
    slots_[hand_]->recently_used = false;
  }
  erase(hand_);
  ++evictions_;
  return true;
}

double HistoryCache::mean_probe() const {
  std::size_t looked_at = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot]) looked_at += ((slot - spread(slots_[slot]->hash)) & mask_) + 1;
  }
  return entries_ == 0 ? 0 : static_cast<double>(looked_at) / static_cast<double>(entries_);
}

void HistoryCache::resize(std::size_t slots) {
  std::vector<HistoryShare> old(slots);
  old.swap(slots_);
  mask_ = slots - 1;
  hand_ = 0;
  for (auto& share : old) {
    if (!share) continue;
    std::size_t slot = spread(share->hash) & mask_;
    while (slots_[slot]) slot = (slot + 1) & mask_;
    slots_[slot] = std::move(share);
  }
}

void HistoryCache::forget(std::span<const std::uint64_t> hashes) {
  for (const auto hash : hashes) {
    for (std::size_t slot = spread(hash) & mask_; slots_[slot];) {
      if (slots_[slot]->hash == hash) {
        erase(slot);
        ++forgotten_;
      } else {
        slot = (slot + 1) & mask_;
      }
    }
  }
}

void HistoryCache::forget_all() {
  forgotten_ += entries_;
  slots_ = std::vector<HistoryShare>(kFewestSlots);
  mask_ = kFewestSlots - 1;
  hand_ = 0;
  entries_ = 0;
  entry_bytes_ = 0;
}

}  // namespace guidepost::identity
