#include "worker/ingest/dedupe_window.hpp"

namespace guidepost::worker {
namespace {

constexpr int kOffsetBits = 40;
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;
constexpr std::size_t kFirstSlots = 1024;

}  // namespace

DedupeWindow::DedupeWindow(std::int64_t reach, std::chrono::seconds horizon)
    : reach_(reach, horizon), slots_(kFirstSlots) {}

void DedupeWindow::pass(Offset offset, TimeMs log_time) {
  current_ = offset.value;
  reach_.pass(offset, log_time);
}

std::int64_t DedupeWindow::offset_of(const Slot& slot) const {
  // Only the low 40 bits are kept: it is the one such offset within 2^40 below the current one.
  return current_ - static_cast<std::int64_t>((static_cast<std::uint64_t>(current_) - slot.rest) & kOffsetMask);
}

bool DedupeWindow::repeats(EventIdentity id) {
  // Never more than half of the slots used: probes stay short, also for what is absent.
  if ((used_ + 1) * 2 > slots_.size()) make_room();
  const auto high = id.high | 1;
  const auto tag = id.low & ~kOffsetMask;
  const auto rest = tag | (static_cast<std::uint64_t>(current_) & kOffsetMask);
  for (auto i = home(high);; i = (i + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[i];
    if (slot.high == 0) {
      slot = {high, rest};
      ++used_;
      return false;
    }
    if (slot.high == high && (slot.rest & ~kOffsetMask) == tag) {
      const bool repeat = alive(slot);
      slot.rest = rest;
      return repeat;
    }
  }
}

void DedupeWindow::make_room() {
  std::vector<Slot> old;
  old.swap(slots_);
  const auto live = static_cast<std::size_t>(
      std::count_if(old.begin(), old.end(), [&](const Slot& slot) { return slot.high != 0 && alive(slot); }));
  std::size_t size = kFirstSlots;
  while (size < (live + 1) * 3) size *= 2;
  slots_.assign(size, Slot{});
  used_ = 0;
  for (const auto& slot : old) {
    if (slot.high == 0 || !alive(slot)) continue;
    auto i = home(slot.high);
    while (slots_[i].high != 0) i = (i + 1) & (size - 1);
    slots_[i] = slot;
    ++used_;
  }
}

std::size_t DedupeWindow::memory_bytes() const { return slots_.capacity() * sizeof(Slot) + reach_.memory_bytes(); }

}  // namespace guidepost::worker
