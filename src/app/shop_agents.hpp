// User agents of the shop's visitors, with what they are written by hand beside each: uap-core is not asked.
#pragma once

#include <span>
#include <string_view>

namespace guidepost::app {

struct ShopAgent {
  std::string_view text;
  std::string_view browser;
  std::string_view os;
  std::string_view device_class;
};

std::span<const ShopAgent> people_agents();
std::span<const ShopAgent> bot_agents();

}  // namespace guidepost::app
