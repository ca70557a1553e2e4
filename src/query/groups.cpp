#include "query/groups.hpp"

#include "base/spread.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::query {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::uint32_t place_of(std::string_view value) { return static_cast<std::uint32_t>(spread(hash64(value))); }

}  // namespace

Sums* Groups::find(std::string_view value) {
  if (slots_.empty()) return nullptr;
  const auto hash = place_of(value);
  const auto mask = slots_.size() - 1;
  for (auto at = hash & mask; slots_[at].group != kFree; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    if (auto& group = groups_[slots_[at].group]; group.value == value) return &group.sums;
  }
  return nullptr;
}

Sums& Groups::make(std::string_view value) {
  if (2 * (groups_.size() + 1) > slots_.size()) grow();
  const auto hash = place_of(value);
  const auto mask = slots_.size() - 1;
  auto at = hash & mask;
  while (slots_[at].group != kFree) at = (at + 1) & mask;
  slots_[at] = {hash, static_cast<std::uint32_t>(groups_.size())};
  return groups_.emplace_back(values_.copy(value), Sums{}).sums;
}

void Groups::grow() {
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : 2 * slots_.size());
  std::swap(old, slots_);
  const auto mask = slots_.size() - 1;
  for (const auto& slot : old) {
    if (slot.group == kFree) continue;
    auto at = slot.hash & mask;
    while (slots_[at].group != kFree) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace guidepost::query
