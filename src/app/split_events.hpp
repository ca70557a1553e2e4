// Takes the body of a request apart into events, byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/result.hpp"

namespace guidepost::app {

/// The events of a body. With a content type of lines (`application/x-ndjson`, `application/jsonl`) each line is one, blank
/// ones passed over; else an array's elements, or the values one after the other. Only borders are looked for: what is
/// between them may be anything, and is a bad event then, not the end of the others.
/// Errors: kInvalidArgument (no events, an array that does not end or is followed by something; over `most` events:
/// kOutOfRange).
Result<std::vector<std::string_view>> split_events(std::string_view content_type, std::string_view body,
                                                   std::size_t most);

}  // namespace guidepost::app
