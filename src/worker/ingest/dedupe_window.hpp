// Which events were seen already, within a bounded distance.
#pragma once

#include <cstdint>
#include <vector>

#include "base/spread.hpp"
#include "guidepost/base/ids.hpp"
#include "worker/ingest/event_identity.hpp"
#include "worker/ingest/reach.hpp"

namespace guidepost::worker {

/// Remembers the last occurrence of each event identity of one source. A repeat is one whose earlier
/// occurrence lies at most `reach` offsets back, and at most `horizon` back in log time (whole
/// seconds). It compares distances, never asks "is it in the map": what is still stored by chance
/// decides nothing. So after the last `reach` offsets are read again it answers as if it had never
/// been away. 87 bits of an identity are compared: two different ones meet with a chance of 2^-87.
/// Thread: one owner. Blocks: never. Memory: at most 128 bytes per offset of reach, 64 on average.
class DedupeWindow {
 public:
  DedupeWindow(std::int64_t reach, std::chrono::seconds horizon);

  /// Records of the log go by in offset order, all of them, also those that are no events.
  void pass(Offset offset, TimeMs log_time);
  /// For the offset passed last: whether it repeats an earlier one. Remembers it either way.
  bool repeats(EventIdentity id);
  void prefetch(EventIdentity id) const { __builtin_prefetch(&slots_[home(id.high)]); }
  std::size_t memory_bytes() const;

 private:
  // 63 bits of the hash (the lowest is set: not free), then 24 more above the low 40 of the offset.
  struct Slot {
    std::uint64_t high = 0;
    std::uint64_t rest = 0;
  };
  std::size_t home(std::uint64_t high) const { return spread(high) & (slots_.size() - 1); }
  std::int64_t offset_of(const Slot& slot) const;
  bool alive(const Slot& slot) const { return offset_of(slot) >= reach_.oldest(); }
  void make_room();

  Reach reach_;
  std::int64_t current_ = 0;
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace guidepost::worker
