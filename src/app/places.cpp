#include "app/places.hpp"

#include <fmt/format.h>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"

namespace guidepost::app {
namespace {

template <class T>
bool reads_whole(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U; };
    const std::uint32_t three = (byte(i) << 16U) | (byte(i + 1) << 8U) | byte(i + 2);
    for (std::size_t d = 0; d < 4; ++d) out += i + d > bytes.size() ? '=' : kDigits[(three >> (18 - 6 * d)) & 63U];
  }
  return out;
}

}  // namespace

Position parse_position(std::string_view text) {
  const auto colon = text.find(':');
  Position position;
  if (colon == std::string_view::npos || !reads_whole(text.substr(0, colon), position.source.value) ||
      !reads_whole(text.substr(colon + 1), position.offset.value) || position.offset.value < 0) {
    throw UsageError{"expected SOURCE:OFFSET, two numbers as `status` and `bad list` show them, got '" +
                     text::escape(text) + "'"};
  }
  return position;
}

std::string to_string(const Position& position) {
  return std::to_string(position.source.value) + ":" + std::to_string(position.offset.value);
}

TimeMs parse_time(std::string_view what, std::string_view text) {
  auto time = parse_rfc3339(text);
  if (!time && text.size() == 10) time = parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!time)
    throw UsageError{std::string(what) + ": expected a date or a time like 2025-01-31T12:00:00Z, got '" +
                     text::escape(text) + "'"};
  return *time;
}

std::optional<TimeMs> time_of(const Arguments& arguments, std::string_view flag) {
  const auto value = arguments.value(flag);
  return value ? std::optional(parse_time(flag, *value)) : std::nullopt;
}

std::optional<std::chrono::seconds> duration_of(const Arguments& arguments, std::string_view flag) {
  const auto text = arguments.value(flag);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto* end = text->data() + text->size();
  const auto [unit, error] = std::from_chars(text->data(), end, number);
  std::int64_t seconds = 0;
  if (error == std::errc{} && unit + 1 == end && number > 0 && number <= 1'000'000) {
    seconds = *unit == 's' ? 1 : *unit == 'm' ? 60 : *unit == 'h' ? 3600 : *unit == 'd' ? 86'400 : 0;
  }
  if (seconds == 0)
    throw UsageError{fmt::format("{}: expected a duration such as 90s, 15m, 72h or 7d, got '{}'", flag, *text)};
  return std::chrono::seconds{number * seconds};
}

nlohmann::json json_bytes(std::string_view bytes) {
  // dump() refuses what is not UTF-8.
  try {
    static_cast<void>(nlohmann::json(std::string(bytes)).dump());
    return {{"text", bytes}};
  } catch (const nlohmann::json::type_error&) {
    return {{"base64", base64(bytes)}};
  }
}

}  // namespace guidepost::app
