// What kind of device an agent runs on.
#pragma once

#include <string_view>

namespace guidepost::enrich {

/// What is known about an agent that is no bot. Families are empty where nothing is known.
struct KnownAgent {
  std::string_view lowered;  ///< the agent's text, ASCII in small letters
  std::string_view browser;
  std::string_view os;
  std::string_view device;
};

/// desktop, phone, tablet, tv, console, car, watch, other (something is known, but not this) or `(unknown)`.
std::string_view device_class(const KnownAgent& agent);

}  // namespace guidepost::enrich
