// From the members of an event to an accepted event, or to why it is refused: every check, in the
// order that docs/events.md gives.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.hpp"
#include "event/decoder.hpp"
#include "event/members.hpp"

namespace guidepost::event {

/// Of the guid that is made up for an event without a device, before its customer: docs/events.md.
inline constexpr std::string_view kDevicelessPrefix = "c:";

/// kNone: nothing is wrong.
struct Refusal {
  Reason reason = Reason::kNone;
  std::string_view field;
  explicit operator bool() const { return reason != Reason::kNone; }
};

/// What is known of an event from around it.
struct Surroundings {
  Offset offset;
  Partition partition;
  TimeMs record_time;
  std::string_view merchant;    ///< the envelope's, as sent; empty: none
  std::string_view ip;          ///< the envelope's; empty: none
  std::string_view user_agent;  ///< the envelope's; empty: none
};

/// Values of one parsed text. Strings are unescaped where they stand, so each is read once.
class ValueReader {
 public:
  enum class Accepts : std::uint8_t { kText, kTextOrInteger, kTextOrNumber };

  ValueReader(char* text, bool has_escapes) : text_(text), has_escapes_(has_escapes) {}
  /// The text of a string or number; empty for null. False: another type, or half a surrogate pair.
  bool read(JsonSpan span, Accepts accepts, std::string_view& out) const;
  std::string_view raw(JsonSpan span) const { return {text_ + span.begin, span.end - span.begin}; }
  bool is_object(JsonSpan span) const { return text_[span.begin] == '{'; }
  bool is_null(JsonSpan span) const { return text_[span.begin] == 'n'; }
  /// Whether a string that was read may hold control characters: only an escape can bring them.
  bool has_escapes() const { return has_escapes_; }

 private:
  char* text_;
  bool has_escapes_;
};

/// The merchant of an event: the envelope's, else its own, else the default one; lower-cased.
/// `merchant` is set wherever it is a slug, also where it is refused.
Refusal decide_merchant(const EventLimits& limits, std::string_view sent, Arena& arena, std::string_view& merchant);

/// Whether an event at `time` is within the limits of age and future.
Refusal check_age(const EventLimits& limits, TimeMs time, TimeMs record_time);

/// Cuts a url at the limit, at a character.
std::string_view cut_url(const EventLimits& limits, std::string_view url, std::uint8_t& flags);

/// An id that says where an event is: `@<partition>:<offset>`.
std::string_view position_id(const Surroundings& around, Arena& arena);

/// Fills `out`, whose merchant is decided, from a canonical event.
Refusal read_event(const EventLimits& limits, const ValueReader& values, const Members& members,
                   const Surroundings& around, Arena& arena, Accepted& out);
/// The same from seed 002's wrapper and the event in it.
Refusal read_packaged_event(const EventLimits& limits, const ValueReader& values, const Members& wrapper,
                            const Members& inside, const Surroundings& around, Arena& arena, Accepted& out);

}  // namespace guidepost::event
