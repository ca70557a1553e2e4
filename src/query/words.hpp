// Words that every question has: whose numbers, and of which time.
#pragma once

#include <string>
#include <string_view>

#include "query/zone.hpp"

namespace guidepost::query {

/// That a request cannot be answered as it is: kInvalidArgument, naming the flag.
tl::unexpected<Error> refuse(std::string_view flag, std::string_view why);

/// In lower case. Errors: kInvalidArgument.
Result<std::string> parse_merchant(std::string_view word);

/// A date (its midnight in `zone`) or an RFC 3339 time. Errors: kInvalidArgument.
Result<TimeMs> parse_moment(std::string_view flag, std::string_view word, const TimeZone& zone);

/// Errors: kInvalidArgument where --to (not included) is not after --from; the words are repeated in it.
Result<void> check_range(TimeMs from, TimeMs to, std::string_view from_word, std::string_view to_word);

}  // namespace guidepost::query
