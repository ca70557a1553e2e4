// What an event changed about sessions, in the words of its row. Format: proto/event_row.md.
#pragma once

#include <string_view>
#include <vector>

#include "guidepost/event/event_row.hpp"

namespace guidepost::event {

/// The other direction of session_words(). False: not these words.
bool read_session_words(std::string_view words, Offset cause, TimeMs time, std::vector<StoredChange>& out);

}  // namespace guidepost::event
