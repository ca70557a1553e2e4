#include "enrich/agent_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/spread.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {
namespace {

constexpr std::size_t kTypicalEntry = 192;  // bytes of texts: slots and texts then run out at about the same time
constexpr std::size_t kLeastTexts = 2 * (kMaxAgent + 2 * kMaxFamily);

std::size_t slots_for(std::size_t bytes, std::size_t slot) { return std::bit_floor(bytes / (kTypicalEntry + slot)); }

}  // namespace

AgentCache::Generation::Generation(std::size_t count, std::size_t bytes)
    : slots(count), texts(std::make_unique_for_overwrite<char[]>(bytes)), capacity(bytes) {}

const AgentCache::Slot* AgentCache::Generation::find(std::string_view user_agent, std::uint64_t hash) const {
  const auto mask = slots.size() - 1;
  for (auto i = spread(hash) & mask; slots[i].agent != 0; i = (i + 1) & mask) {
    const auto& slot = slots[i];
    if (slot.hash == hash && std::string_view(texts.get() + slot.at, slot.agent) == user_agent) return &slot;
  }
  return nullptr;
}

bool AgentCache::Generation::fits(std::string_view user_agent, const CachedAgent& agent) const {
  const auto bytes = user_agent.size() + agent.browser.size() + agent.os.size();
  return used_bytes + bytes <= capacity && (used_slots + 1) * 4 <= slots.size() * 3;
}

void AgentCache::Generation::put(std::string_view user_agent, std::uint64_t hash, const CachedAgent& agent) {
  const auto mask = slots.size() - 1;
  auto i = spread(hash) & mask;
  while (slots[i].agent != 0) i = (i + 1) & mask;
  slots[i] = {hash,
              static_cast<std::uint32_t>(used_bytes),
              static_cast<std::uint16_t>(user_agent.size()),
              static_cast<std::uint8_t>(agent.browser.size()),
              static_cast<std::uint8_t>(agent.os.size()),
              agent.device_class,
              agent.bot};
  ++used_slots;
  for (const auto text : {user_agent, agent.browser, agent.os}) {
    std::memcpy(texts.get() + used_bytes, text.data(), text.size());
    used_bytes += text.size();
  }
}

CachedAgent AgentCache::Generation::view(const Slot& slot) const {
  const char* const browser = texts.get() + slot.at + slot.agent;
  return {{browser, slot.browser}, {browser + slot.browser, slot.os}, slot.device_class, slot.bot};
}

void AgentCache::Generation::clear() {
  std::fill(slots.begin(), slots.end(), Slot{});
  used_bytes = used_slots = 0;
}

AgentCache::AgentCache(Bytes memory)
    : young_(slots_for(memory.value / 2, sizeof(Slot)),
             memory.value / 2 - slots_for(memory.value / 2, sizeof(Slot)) * sizeof(Slot)),
      old_(young_.slots.size(), young_.capacity) {
  GUIDEPOST_ASSERT(young_.slots.size() >= 8 && young_.capacity >= kLeastTexts);
}

Bytes AgentCache::memory() const { return Bytes{2 * (young_.slots.size() * sizeof(Slot) + young_.capacity)}; }

std::optional<CachedAgent> AgentCache::find(std::string_view user_agent) {
  const auto hash = hash64(user_agent);
  if (const auto* slot = young_.find(user_agent, hash)) return young_.view(*slot);
  const auto* slot = old_.find(user_agent, hash);
  if (slot == nullptr) return std::nullopt;
  const auto agent = old_.view(*slot);
  // Where there is no room, a new generation begins with the next agent that is put: this one is found till then.
  if (young_.fits(user_agent, agent)) young_.put(user_agent, hash, agent);
  return agent;
}

void AgentCache::put(std::string_view user_agent, const CachedAgent& agent) {
  GUIDEPOST_ASSERT(!user_agent.empty() && user_agent.size() <= kMaxAgent && agent.browser.size() <= kMaxFamily &&
                   agent.os.size() <= kMaxFamily);
  if (!young_.fits(user_agent, agent)) {
    std::swap(young_, old_);
    young_.clear();
  }
  young_.put(user_agent, hash64(user_agent), agent);
}

}  // namespace guidepost::enrich
