#include "query/words.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace guidepost::query {

tl::unexpected<Error> refuse(std::string_view flag, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", flag, why));
}

Result<std::string> parse_merchant(std::string_view word) {
  if (word.empty()) return refuse("--merchant", "is required");
  auto merchant = ascii::lowered(word);
  if (!is_merchant_slug(merchant)) {
    return refuse("--merchant",
                  fmt::format("'{}' is no merchant: 1-40 characters a-z, 0-9, '.', '_', '-'", text::escape(word)));
  }
  return merchant;
}

Result<TimeMs> parse_moment(std::string_view flag, std::string_view word, const TimeZone& zone) {
  if (const auto day = parse_date(word)) return zone.start_of(*day);
  if (const auto time = parse_rfc3339(word)) return *time;
  return refuse(flag, fmt::format("'{}' is neither a date like 2015-05-17 nor a time like 2015-05-17T10:00:00Z",
                                  text::escape(word)));
}

Result<void> check_range(TimeMs from, TimeMs to, std::string_view from_word, std::string_view to_word) {
  if (from < to) return {};
  return refuse("--to", fmt::format("{} is not after --from {}; --to itself is not included", to_word, from_word));
}

}  // namespace guidepost::query
