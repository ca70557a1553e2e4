// What `ingest` decides about each raw offset; what `aggregate` applies and asks nothing else.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/event/fields.hpp"
#include "guidepost/event/reasons.hpp"

namespace guidepost::event {

/// Numbers are stored.
enum class Outcome : std::uint8_t { kAccepted = 0, kBad = 1, kDuplicate = 2, kSkipped = 3 };
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

/// A refused event. `merchant` is `-` where none could be read.
struct Bad {
  Offset offset;
  TimeMs record_time;
  std::string_view merchant;
  Reason reason = Reason::kNone;
  std::string_view field;       ///< the field that was wrong; may be empty
  std::string_view bytes;       ///< original bytes, the first 64 KiB
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

/// The decisions about the raw offsets [from, to) of one source: every offset is in exactly one of
/// the lists, each list ascending by offset.
struct Decisions {
  SourceId source;
  Offset from;
  Offset to;
  RulesHash rules;
  RunId run;  ///< highest run among the markers below `to`
  std::vector<Accepted> accepted;
  std::vector<Bad> bad;
  std::vector<Duplicate> duplicates;
  std::vector<Skipped> skipped;
};

}  // namespace guidepost::event
