// What `ingest` decides about each raw offset; what `aggregate` applies and asks nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/event/fields.hpp"
#include "guidepost/event/reasons.hpp"

namespace guidepost::event {

/// Numbers are stored.
enum class Outcome : std::uint8_t { kAccepted = 0, kBad = 1, kDuplicate = 2, kSkipped = 3, kLost = 4 };
enum class ResolvedBy : std::uint8_t { kNone = 0, kMap = 1, kStitch = 2, kClaim = 3 };
enum class Traffic : std::uint8_t { kHuman = 0, kBot = 1 };

std::string_view to_string(Outcome o);
std::string_view to_string(ResolvedBy r);
std::string_view to_string(Traffic t);

/// Bits of Accepted::flags. Stored.
inline constexpr std::uint8_t kUrlCut = 1;     ///< the url was longer than the limit
inline constexpr std::uint8_t kNoDevice = 2;   ///< guid is `c:`customer: no device, not counted as one

/// An accepted event with everything that was decided. Views point into the batch's arena or into
/// the block that it was read from.
struct Accepted {
  Offset offset;
  TimeMs record_time;
  TimeMs time;
  FieldValues text;
  ResolvedBy resolved_by = ResolvedBy::kNone;
  Traffic traffic = Traffic::kHuman;
  std::uint8_t flags = 0;
};

/// The fields of an event that sessions are counted by: all that `Decisions::earlier` has of one.
inline constexpr std::array kSessionFields{Field::kMerchant,    Field::kPath,    Field::kReferrerDomain,
                                           Field::kCountry,     Field::kBrowser, Field::kOs,
                                           Field::kDeviceClass, Field::kChannel, Field::kCampaign};

/// What the event at `cause` changed about the part that the event at `subject` has in a session: signed, each of the
/// counts -1, 0 or 1. The sum of all changes of an event is its part. An event changes itself, and its neighbours in time.
struct SessionChange {
  Offset cause;
  Offset subject;  ///< at most `cause`
  std::int8_t sessions = 0;  ///< it begins one
  std::int8_t bounces = 0;  ///< it is the only one of its session
  std::int8_t exits = 0;  ///< it ends one
  std::int8_t dwells = 0;  ///< it is a page view whose time on the page is known
  std::int64_t dwell_ms = 0;
  bool operator==(const SessionChange&) const = default;
};

/// A refused event. `merchant` is `-` where none could be read.
struct Bad {
  Offset offset;
  TimeMs record_time;
  std::string_view merchant;
  Reason reason = Reason::kNone;
  std::string_view field;  ///< the field that was wrong; may be empty
  std::string_view bytes;  ///< original bytes, the first 64 KiB
  std::uint64_t full_size = 0;  ///< size of the original bytes
  std::uint64_t full_hash = 0;  ///< hash64 of the original bytes
};

struct Duplicate {
  Offset offset;
  TimeMs record_time;
  std::string_view merchant;
};

/// A control record or a hole. A hole has the time of the record before it (the first of all: of
/// the record after it).
struct Skipped {
  Offset offset;
  TimeMs record_time;
};

/// A record that was gone from the log before anybody read it, and that an operator gave up (proto/state.md, `gap/`): nobody
/// knows what it was. It has the time of the last event that was counted before it.
struct Lost {
  Offset offset;
  TimeMs record_time;
};

/// By which rules offsets are decided, and from where on: sessions meet no event below `from`, for it was decided by other
/// rules, and what was counted of it must not be corrected by these.
struct Era {
  RulesHash rules;
  Offset from;
  bool operator==(const Era&) const = default;
};

/// The decisions about the raw offsets [from, to) of one source: every offset is in exactly one of
/// the lists, each list ascending by offset.
struct Decisions {
  SourceId source;
  Offset from;
  Offset to;
  Era era;
  RunId run;  ///< highest run among the markers below `to`
  std::vector<Accepted> accepted;
  std::vector<Bad> bad;
  std::vector<Duplicate> duplicates;
  std::vector<Skipped> skipped;
  std::vector<Lost> lost;
  std::vector<SessionChange> changes;  ///< ascending by (cause, subject); causes are accepted here
  std::vector<Accepted> earlier;  ///< subjects below `from`, ascending by offset: of the text only kSessionFields

  /// The event that a change is about: of `accepted`, or of `earlier`. Nothing: there is none, which a block excludes.
  const Accepted* subject(const SessionChange& change) const;
  /// Those of one cause.
  std::span<const SessionChange> changes_of(Offset cause) const;
};

/// Makes subjects ascend by offset, each once.
void sort_subjects(std::vector<Accepted>& subjects);

}  // namespace guidepost::event
