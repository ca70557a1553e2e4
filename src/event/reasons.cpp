#include "guidepost/event/reasons.hpp"

#include <array>

namespace guidepost::event {
namespace {

struct ReasonSpec {
  std::string_view word;
  std::string_view sentence;
};

constexpr std::array<ReasonSpec, static_cast<std::size_t>(Reason::kCount)> kSpecs{{
    {"none", "nothing is wrong"},
    {"not_json", "the record is not one JSON object in UTF-8"},
    {"too_large", "over the limit of bytes, fields or depth"},
    {"field_missing", "a required field is absent or empty"},
    {"field_wrong_type", "a field is there with a type or value that cannot be read"},
    {"field_too_long", "an id is longer than the limit"},
    {"merchant_invalid", "the merchant is not a slug of 1-40 characters [a-z0-9._-]"},
    {"merchant_unknown", "only listed merchants are accepted, and this one is not listed"},
    {"time_invalid", "the time is neither RFC 3339 nor a number of seconds or milliseconds, or lies outside 2000-2099"},
    {"too_late", "the event is older than the age limit, against the time of its record"},
    {"in_future", "the event is further ahead of the time of its record than allowed"},
    {"no_identity", "the event has neither guid nor customer"},
    {"envelope_invalid", "the parts of the envelope do not fit together"},
    {"protocol_unknown", "the envelope's protocol is none that this version reads"},
    {"line_malformed", "the line is not in the common or combined access log format"},
    {"control_invalid", "the key says control record, the value is none"},
    {"revenue_invalid", "the revenue is no exact amount of its currency, or it has none"},
}};

}  // namespace

std::string_view to_string(Reason reason) {
  const auto number = static_cast<std::size_t>(reason);
  return number < kSpecs.size() ? kSpecs[number].word : "unknown";
}

std::string_view describe(Reason reason) {
  const auto number = static_cast<std::size_t>(reason);
  return number < kSpecs.size() ? kSpecs[number].sentence : "a reason that this version does not know";
}

std::optional<Reason> reason_from_string(std::string_view word) {
  for (std::size_t i = 0; i < kSpecs.size(); ++i) {
    if (kSpecs[i].word == word) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

}  // namespace guidepost::event
