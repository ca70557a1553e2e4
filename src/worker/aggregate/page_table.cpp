#include "worker/aggregate/page_table.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace guidepost::worker {
namespace {

/// What the table itself takes for a page, besides what the page says of itself.
constexpr std::size_t kOverhead = sizeof(PageTable::Slot) + 160;

void write_key(std::string& out, std::string_view merchant, Bucket bucket) {
  out.assign(merchant);
  out.append(reinterpret_cast<const char*>(&bucket.value), sizeof bucket.value);
}

}  // namespace

std::string PageTable::key(std::string_view merchant, Bucket bucket) {
  std::string out;
  write_key(out, merchant, bucket);
  return out;
}

PageTable::Slot* PageTable::find(std::string_view merchant, Bucket bucket) {
  write_key(lookup_, merchant, bucket);
  const auto found = slots_.find(lookup_);
  if (found == slots_.end()) return nullptr;
  auto* slot = found->second.get();
  recent_.splice(recent_.end(), recent_, slot->recent);
  return slot;
}

PageTable::Slot& PageTable::insert(rollup::Page page) {
  auto name = key(page.key().merchant, page.key().bucket);
  auto slot = std::make_unique<Slot>(std::move(page));
  auto& placed = *slot;
  GUIDEPOST_ASSERT(slots_.emplace(std::move(name), std::move(slot)).second);
  placed.recent = recent_.insert(recent_.end(), &placed);
  recount(placed);
  return placed;
}

void PageTable::recount(Slot& slot) {
  bytes_ -= slot.bytes;
  slot.bytes = slot.page.memory_bytes() + kOverhead;
  bytes_ += slot.bytes;
}

void PageTable::touched(Slot& slot, Offset at, Time now) {
  if (!slot.first_dirty) {
    slot.first_dirty = at;
    obligations_.add(at);
    slot.dirty_generation = next_generation_++;
    aging_.push_back({now, key(slot.page.key().merchant, slot.page.key().bucket), slot.dirty_generation});
    ++dirty_;
  }
  recount(slot);
  if (!slot.due && slot.page.dirty_events() >= std::max(rule_.min_dirty, slot.page.events() / rule_.dirty_share)) {
    slot.due = true;
    due_.push_back(&slot);
  }
}

std::vector<PageTable::Slot*> PageTable::take_due(Time now) {
  while (!aging_.empty() && now - aging_.front().since >= rule_.max_age) {
    const auto found = slots_.find(aging_.front().key);
    const bool same = found != slots_.end() && found->second->first_dirty &&
                      found->second->dirty_generation == aging_.front().generation;
    if (same && !found->second->due) {
      found->second->due = true;
      due_.push_back(found->second.get());
    }
    aging_.pop_front();
  }
  return take_free();
}

std::vector<PageTable::Slot*> PageTable::take_free() {
  const auto in_flight = std::partition(due_.begin(), due_.end(), [](const Slot* slot) { return slot->put_in_flight; });
  std::vector<Slot*> taken(in_flight, due_.end());
  due_.erase(in_flight, due_.end());
  return taken;
}

std::vector<PageTable::Slot*> PageTable::take_all_dirty() {
  for (const auto& [name, slot] : slots_) {
    if (slot->first_dirty && !slot->due) {
      slot->due = true;
      due_.push_back(slot.get());
    }
  }
  return take_free();
}

std::vector<rollup::EncodedChunk> PageTable::encode(Slot& slot, Offset label, std::vector<Offset>& held) {
  GUIDEPOST_ASSERT(slot.first_dirty.has_value() && !slot.put_in_flight);
  held.push_back(*slot.first_dirty);
  slot.first_dirty.reset();
  slot.due = false;
  slot.put_in_flight = true;
  --dirty_;
  auto chunks = slot.page.encode_dirty(label);
  recount(slot);
  return chunks;
}

bool PageTable::evict(std::size_t limit) {
  for (auto at = recent_.begin(); bytes_ > limit && at != recent_.end();) {
    auto& slot = **at;
    if (slot.first_dirty || slot.put_in_flight) {
      ++at;
      continue;
    }
    at = recent_.erase(at);
    bytes_ -= slot.bytes;
    slots_.erase(key(slot.page.key().merchant, slot.page.key().bucket));
  }
  return bytes_ <= limit;
}

void PageTable::clear() {
  for (const auto& [name, slot] : slots_) {
    if (slot->first_dirty) obligations_.settle(*slot->first_dirty);
  }
  slots_.clear();
  recent_.clear();
  aging_.clear();
  due_.clear();
  bytes_ = dirty_ = 0;
}

}  // namespace guidepost::worker
