// Times as producers write them.
#pragma once

#include <optional>
#include <string_view>

#include "guidepost/base/ids.hpp"

namespace guidepost::event {

/// First and last instant that an event may have: 2000-01-01 and 2099-12-31T23:59:59.999, UTC.
inline constexpr TimeMs kFirstTime = from_unix_ms(946'684'800'000);
inline constexpr TimeMs kLastTime = from_unix_ms(4'102'444'799'999);

/// `time`, if events may have it.
std::optional<TimeMs> in_range(TimeMs time);

/// A decimal number, with fraction and exponent where they please: below 100,000,000,000 seconds,
/// else milliseconds; what is finer is cut. Nothing where it is none, or out of range.
std::optional<TimeMs> parse_unix_time(std::string_view text);

/// RFC 3339, or a number as above. Nothing where it is neither, or out of range.
std::optional<TimeMs> parse_event_time(std::string_view text);

}  // namespace guidepost::event
