// The resolver's memory: histories by GUID, bounded in bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/spread.hpp"
#include "guidepost/base/ids.hpp"
#include "identity/mapping.hpp"

namespace guidepost::identity {

struct GuidKey {
  std::string_view merchant;
  std::string_view guid;
};

/// One GUID's history and its key, in one piece of memory.
struct CachedHistory {
  std::uint64_t hash;  ///< guid_hash of the key
  std::uint32_t references;
  std::uint32_t bytes;       ///< of the whole piece, with what the allocator adds
  std::uint32_t merchant_size;
  std::uint32_t guid_size;
  std::uint32_t count;  ///< assignments
  bool recently_used;

  const Assignment* assignments() const { return reinterpret_cast<const Assignment*>(this + 1); }
  History history() const { return {assignments(), count}; }
  std::string_view merchant() const { return {key(), merchant_size}; }
  std::string_view guid() const { return {key() + merchant_size, guid_size}; }

 private:
  const char* key() const { return reinterpret_cast<const char*>(assignments() + count); }
};

/// A share in a CachedHistory. Thread: all shares of one history have one owner.
class HistoryShare {
 public:
  HistoryShare() = default;
  static HistoryShare make(GuidKey key, std::uint64_t hash, History history);
  HistoryShare(const HistoryShare& o) noexcept : at_(o.at_) {
    if (at_ != nullptr) ++at_->references;
  }
  HistoryShare(HistoryShare&& o) noexcept : at_(std::exchange(o.at_, nullptr)) {}
  HistoryShare& operator=(HistoryShare o) noexcept {
    std::swap(at_, o.at_);
    return *this;
  }
  ~HistoryShare() {
    if (at_ != nullptr && --at_->references == 0) destroy(at_);
  }
  CachedHistory* operator->() const { return at_; }
  CachedHistory& operator*() const { return *at_; }
  explicit operator bool() const { return at_ != nullptr; }

 private:
  static void destroy(CachedHistory* history) noexcept;
  CachedHistory* at_ = nullptr;
};

/// Open addressing over shares, evicting by CLOCK: what was used since the hand last came by stays. A
/// history comes in unused, so that GUIDs seen once do not drive out those that come back.
/// Thread: one owner.
class HistoryCache {
 public:
  explicit HistoryCache(Bytes limit);

  static std::uint64_t hash_of(GuidKey key);
  /// Brings the place of a hash nearer, ahead of find().
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[spread(hash) & mask_]); }
  /// Empty where it is not here. Counts as a use.
  HistoryShare find(GuidKey key, std::uint64_t hash);
  /// Puts it in, in the place of one of the same key, and evicts what no longer fits. One that is
  /// larger than everything may be is not put in.
  void insert(HistoryShare history);
  /// Forgets every history with one of these hashes.
  void forget(std::span<const std::uint64_t> hashes);
  void forget_all();

  std::size_t entries() const { return entries_; }
  std::size_t bytes() const { return entry_bytes_ + slots_.size() * sizeof(HistoryShare); }
  std::uint64_t evictions() const { return evictions_; }
  std::uint64_t forgotten() const { return forgotten_; }
  /// Slots looked at to find a history, on average over all that are here. Costs a look at each.
  double mean_probe() const;

 private:
  std::size_t slot_of(GuidKey key, std::uint64_t hash) const;
  void erase(std::size_t slot);
  bool evict_one();
  void resize(std::size_t slots);
  /// From one slot of the hand to the next: odd, so that it comes by all of them, and the golden section of them all, so
  /// that it thins out everywhere alike. Going from slot to slot it would leave nothing behind itself and twice the
  /// average before, which is more than there are slots: probes would then be as long as the table.
  std::size_t stride() const { return (slots_.size() / 1000 * 618) | 1; }

  std::size_t limit_;
  std::vector<HistoryShare> slots_;  // a power of two
  std::size_t mask_;
  std::size_t hand_ = 0;
  std::size_t entries_ = 0;
  std::size_t entry_bytes_ = 0;
  std::uint64_t evictions_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace guidepost::identity
