#include "enrich/agent_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace guidepost::enrich {
namespace {

std::string agent_number(int i) {
  return "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/" + std::to_string(i);
}

TEST(AgentCache, GivesBackWhatWasPut) {
  AgentCache cache(64_KiB);
  EXPECT_FALSE(cache.find("a").has_value());
  cache.put("a", {"Firefox", "Linux", "desktop", false});
  cache.put("b", {"", "", "bot", true});
  const auto a = cache.find("a");
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->browser, "Firefox");
  EXPECT_EQ(a->os, "Linux");
  EXPECT_EQ(a->device_class, "desktop");
  EXPECT_FALSE(a->bot);
  const auto b = cache.find("b");
  ASSERT_TRUE(b.has_value());
  EXPECT_EQ(b->browser, "");
  EXPECT_TRUE(b->bot);
  EXPECT_FALSE(cache.find("ab").has_value());
}

TEST(AgentCache, KeepsToItsMemory) {
  for (const auto memory : {64_KiB, 1_MiB}) {
    AgentCache cache(memory);
    const auto held = cache.memory();
    EXPECT_LE(held, memory);
    EXPECT_GE(held.value * 10, memory.value * 9);
    for (int i = 0; i < 20'000; ++i) {
      const auto agent = agent_number(i);
      cache.put(agent, {"Firefox", "Linux", "desktop", false});
      ASSERT_TRUE(cache.find(agent).has_value()) << i;
    }
    EXPECT_EQ(cache.memory(), held);
    EXPECT_FALSE(cache.find(agent_number(0)).has_value());
  }
}

TEST(AgentCache, KeepsWhatComesAgainAndAgain) {
  AgentCache cache(64_KiB);
  cache.put("popular", {"Firefox", "Linux", "desktop", false});
  for (int i = 0; i < 10'000; ++i) {
    cache.put(agent_number(i), {"x", "y", "other", false});
    if (i % 20 == 0) {
      const auto found = cache.find("popular");
      ASSERT_TRUE(found.has_value()) << i;
      ASSERT_EQ(found->browser, "Firefox");
    }
  }
}

TEST(AgentCache, HoldsTheLongestAgents) {
  AgentCache cache(64_KiB);
  const std::string family(kMaxFamily, 'f');
  for (int i = 0; i < 1000; ++i) {
    auto agent = std::to_string(i);
    agent.resize(kMaxAgent, 'x');
    cache.put(agent, {family, family, "other", i % 2 == 0});
    const auto found = cache.find(agent);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->os, family);
    ASSERT_EQ(found->bot, i % 2 == 0);
  }
}

}  // namespace
}  // namespace guidepost::enrich
