#include "event/time_text.hpp"

#include <charconv>
#include <cmath>

#include "base/time.hpp"

namespace guidepost::event {
namespace {

constexpr std::int64_t kMillisFrom = 100'000'000'000;  // seconds of the year 5138, milliseconds of 1973
constexpr std::size_t kMaxDigits = 15;

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

// Milliseconds of the digits of a fraction of a second: the first three, however many there are.
int fraction_ms(std::string_view digits) {
  int ms = 0;
  for (std::size_t i = 0; i < 3; ++i) ms = ms * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return ms;
}

// With an exponent: some serializers write large doubles so.
std::optional<TimeMs> parse_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < static_cast<double>(kMillisFrom)) value *= 1000;
  if (!(value >= 0 && value < 1e15)) return std::nullopt;
  return in_range(from_unix_ms(static_cast<std::int64_t>(std::floor(value))));
}

}  // namespace

std::optional<TimeMs> in_range(TimeMs time) {
  if (time < kFirstTime || time > kLastTime) return std::nullopt;
  return time;
}

std::optional<TimeMs> parse_unix_time(std::string_view text) {
  const auto whole = text.substr(0, count_digits(text));
  auto rest = text.substr(whole.size());
  std::string_view fraction;
  if (rest.starts_with('.')) {
    fraction = rest.substr(1, count_digits(rest.substr(1)));
    if (fraction.empty()) return std::nullopt;
    rest.remove_prefix(1 + fraction.size());
  }
  if (whole.empty()) return std::nullopt;
  if (!rest.empty()) return parse_double(text);
  if (whole.size() > kMaxDigits) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : whole) value = value * 10 + (c - '0');
  return in_range(from_unix_ms(value < kMillisFrom ? value * 1000 + fraction_ms(fraction) : value));
}

std::optional<TimeMs> parse_event_time(std::string_view text) {
  if (text.size() > 4 && text[4] == '-') {
    const auto time = parse_rfc3339(text);
    return time ? in_range(*time) : std::nullopt;
  }
  return parse_unix_time(text);
}

}  // namespace guidepost::event
