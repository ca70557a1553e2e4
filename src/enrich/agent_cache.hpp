// What was found out about the agents seen last.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "enrich/user_agent.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::enrich {

/// An agent as it is kept. Views are good until the next put.
struct CachedAgent {
  std::string_view browser;
  std::string_view os;
  std::string_view device_class;
  bool bot = false;
};

/// Two generations of half the memory each: when the young one is full it becomes the old one, whose content is gone;
/// what is asked for in the old one is kept on. So agents that come again and again stay, however many others there are.
/// Thread: one. Blocks: never.
class AgentCache {
 public:
  explicit AgentCache(Bytes memory);
  std::optional<CachedAgent> find(std::string_view user_agent);
  /// `user_agent`: 1 to kMaxAgent bytes that find() did not find; families: at most kMaxFamily bytes.
  void put(std::string_view user_agent, const CachedAgent& agent);
  /// Memory that it holds, at most what it was given.
  Bytes memory() const;

 private:
  // An entry of the table: where in the texts its four parts lie, one after the other.
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t at = 0;
    std::uint16_t agent = 0;  // lengths; 0: the slot is free
    std::uint8_t browser = 0;
    std::uint8_t os = 0;
    std::string_view device_class;  // of the program's own texts
    bool bot = false;
  };
  struct Generation {
    Generation(std::size_t slots, std::size_t bytes);
    const Slot* find(std::string_view user_agent, std::uint64_t hash) const;
    bool fits(std::string_view user_agent, const CachedAgent& agent) const;
    void put(std::string_view user_agent, std::uint64_t hash, const CachedAgent& agent);
    CachedAgent view(const Slot& slot) const;
    void clear();

    std::vector<Slot> slots;  // a power of two, at most three quarters used: linear probing
    std::unique_ptr<char[]> texts;
    std::size_t capacity;
    std::size_t used_bytes = 0;
    std::size_t used_slots = 0;
  };

  Generation young_;
  Generation old_;
};

}  // namespace guidepost::enrich
