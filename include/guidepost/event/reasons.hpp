// Why an event is refused: the one registry. The word is the bad row's field, the metric's label
// and what HTTP answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace guidepost::event {

/// Numbers are stored: append only.
enum class Reason : std::uint8_t {
  kNone = 0,
  kNotJson,           ///< not one JSON object (also: not UTF-8)
  kTooLarge,          ///< over the limit of bytes, fields or depth
  kFieldMissing,      ///< a required field is absent or empty
  kFieldWrongType,    ///< a field is there with a type that cannot be read
  kFieldTooLong,      ///< an id, guid, customer over its limit
  kMerchantInvalid,   ///< not a slug of 1-40 characters [a-z0-9._-]
  kMerchantUnknown,   ///< merchants.accept = listed, and it is not
  kTimeInvalid,       ///< not RFC 3339, not a number of seconds or milliseconds, or outside 2000-2099
  kTooLate,           ///< older than the age limit, against the record's time
  kInFuture,          ///< further ahead of the record's time than allowed
  kNoIdentity,        ///< neither guid nor customer
  kEnvelopeInvalid,   ///< an envelope whose parts do not fit (base64, both event and raw)
  kProtocolUnknown,   ///< an envelope of a protocol that this version does not read
  kLineMalformed,     ///< access log: not the common or combined format
  kControlInvalid,    ///< the key says control record, the value is none
  kRevenueInvalid,    ///< not exact in its currency, or without one
  kCount
};

std::string_view to_string(Reason reason);                      ///< `line_malformed`
std::string_view describe(Reason reason);                       ///< a sentence for people
std::optional<Reason> reason_from_string(std::string_view word);

}  // namespace guidepost::event
