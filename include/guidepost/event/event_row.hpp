// Rows of the events tables: one accepted event each, in readable words. Format: proto/event_row.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::event {

/// Families of an events table; which field is in which: `spec(Field)`.
inline constexpr std::array<std::string_view, 4> kEventFamilies{"click_data", "geo_data", "user_agent_data",
                                                                "identity"};

/// The cell of `click_data` that says what the event changed about sessions, where it did.
inline constexpr std::string_view kSessionChanges = "session_changes";

/// Rows begin with one of this many salts, so that a merchant's writes spread: a merchant and a time
/// range are this many scans.
inline constexpr std::uint8_t kEventSalts = 16;

/// What a row key says. `merchant` points into the row key.
struct EventRowKey {
  std::uint8_t salt = 0;
  std::string_view merchant;
  TimeMs time;
  SourceId source;
  Offset offset;
};

/// hash64(merchant 0x00 guid) mod kEventSalts.
std::uint8_t event_salt(std::string_view merchant, std::string_view guid);
/// salt merchant 0x00 time(be64, ms) source(be32) offset(be64).
std::string event_row_key(SourceId source, const Accepted& event);
std::string event_row_key(const EventRowKey& key);
/// First row of a merchant's events of a salt at or after `time`; a scan of [from, to) stops there for `to`.
std::string event_row_start(std::uint8_t salt, std::string_view merchant, TimeMs time);
/// Errors: kCorrupt.
Result<EventRowKey> parse_event_row_key(std::string_view row);

/// What an event changed about sessions, in the words of its row: `changes` are those of one cause, of `decisions`. Empty
/// for none.
std::string session_words(const Decisions& decisions, std::span<const SessionChange> changes);

/// The row of an accepted event: a cell per field that is not empty (the merchant is in the key), and
/// what was decided: `identity:resolved_by`, `user_agent_data:traffic` (where not human),
/// `click_data:flags` (where any), `click_data:session_changes` (the words, where any). The timestamp of all
/// cells is the record time.
RowPut event_row(SourceId source, const Accepted& event, std::string_view session_changes = {});

/// A change of sessions as a row says it, with the time of the event that it is about.
struct StoredChange {
  SessionChange change;
  TimeMs subject_time;
};

/// An event row that was read. Views point into the Row.
struct StoredEvent {
  SourceId source;
  Accepted event;
  std::vector<StoredChange> changes;  ///< that it caused
};
/// Cells that this version does not know are passed over. Errors: kCorrupt (row key; no type or no
/// guid; a word that is none of ours).
Result<StoredEvent> parse_event_row(const Row& row);

}  // namespace guidepost::event
