// What one device or one customer did, event by event. For people: docs/journey.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/text.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"
#include "query/zone.hpp"

namespace guidepost::query {

/// A request as words of a command line. Empty: not given.
struct JourneyWords {
  std::string merchant = {}, guid = {}, customer = {}, from = {}, to = {}, tz = {};
};

struct JourneyRequest {
  enum class Whose : std::uint8_t { kDevice, kCustomer };
  std::string merchant;
  Whose whose = Whose::kDevice;
  std::string id;  ///< guid or customer
  TimeMs from = TimeMs::min();
  TimeMs to = TimeMs::max();  ///< not included
  TimeZone zone;
  std::size_t limit = 1000;  ///< events, the newest ones
  std::chrono::milliseconds gap{std::chrono::minutes{30}};  ///< a longer pause of a device ends a session
};
/// Errors: kInvalidArgument; the message names the flag and what is allowed.
Result<JourneyRequest> parse_journey(const JourneyWords& words);

struct JourneyEvent {
  std::string guid;
  TimeMs time;
  SourceId source;
  Offset offset;
  TimeMs record_time;
  std::string event_id, type, path, url, product, product_name, revenue, currency, country, browser;
  std::string customer;
  event::ResolvedBy resolved_by = event::ResolvedBy::kNone;
  event::Traffic traffic = event::Traffic::kHuman;
  bool device = true;  ///< false: sent without one, the guid is made up from the customer
  std::optional<std::size_t> session;  ///< of Journey::sessions; nothing without a device
};

/// Events of one device without a pause over the gap.
struct JourneySession {
  std::string guid;
  TimeMs start, end;  ///< of the events that are shown
  std::size_t events = 0;
  std::size_t page_views = 0;
  std::string entry, exit;  ///< pages of the first and the last event shown
  /// Whether all of its events are shown: none is another customer's, outside of the time asked for, over the limit, or
  /// missing.
  bool complete = true;
};

/// An index row without an event row that fits.
struct MissingEvent {
  std::string guid;
  TimeMs time;
  SourceId source;
  Offset offset;
  std::string why;
};

struct Journey {
  JourneyRequest request;
  std::vector<JourneyEvent> events;  ///< by time, source, offset
  std::vector<JourneySession> sessions;  ///< by their first event
  std::vector<MissingEvent> missing;  ///< by time, source, offset
  bool more = false;  ///< there are older ones over the limit
};

struct JourneyOptions {
  std::size_t max_events = 2'000'000;  ///< in the index, of all devices of the journey: what bounds the memory
  std::size_t max_devices = 1000;  ///< of a customer
  std::size_t batch = 500;  ///< event rows of one request
  std::stop_token cancelled;  ///< whoever asked went away: stop (kCancelled)
};

/// Thread: any that owns no state machine. Blocks: until answered.
/// Errors: of the store; kCorrupt (of the index); kInvalidArgument (over the limits of options: says how to ask for less).
Result<Journey> run_journey(const JourneyRequest& request, TableStore& tables, const Names& names,
                            const JourneyOptions& options = {});

/// Local time with milliseconds and offset: `2015-05-17T10:05:03.250+05:30`.
std::string precise_time(const TimeZone& zone, TimeMs t);
/// For people: sessions, each with its events.
std::string render_journey(const Journey& journey, const text::Look& look);

}  // namespace guidepost::query
