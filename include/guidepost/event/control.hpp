// Control records: what the raw topic carries besides events.
#pragma once

#include <string_view>

namespace guidepost::event {

/// Key of every control record. It begins with a zero byte, so no merchant's key is equal to it.
inline constexpr std::string_view kControlKey{"\0guidepost.control", 18};

}  // namespace guidepost::event
