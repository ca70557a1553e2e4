// Times as text, for machines.
#pragma once

#include <optional>
#include <string_view>

#include "guidepost/base/ids.hpp"

namespace guidepost {

/// RFC 3339 date and time, with its zone: `2015-05-17T10:05:03.5Z`, `2015-05-17 12:05:03+02:00`. What is
/// finer than a millisecond is cut. Nothing where it is anything else, or no such day.
std::optional<TimeMs> parse_rfc3339(std::string_view text);

}  // namespace guidepost
