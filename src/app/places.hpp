// What commands take from people and print for them: positions, times, durations, bytes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::app {

/// A raw offset of a source, written `SOURCE:OFFSET`.
struct Position {
  SourceId source;
  Offset offset;
  bool operator==(const Position&) const = default;
};
/// Throws UsageError.
Position parse_position(std::string_view text);
std::string to_string(const Position& position);

/// The flag's value: RFC 3339, or a date, which is its midnight in UTC. Throws UsageError.
std::optional<TimeMs> time_of(const Arguments& arguments, std::string_view flag);
/// The flag's value: `90s`, `15m`, `72h`, `7d`. Throws UsageError.
std::optional<std::chrono::seconds> duration_of(const Arguments& arguments, std::string_view flag);
TimeMs parse_time(std::string_view what, std::string_view text);

/// Bytes for JSON: `{"text": ...}` where they are UTF-8, else `{"base64": ...}`.
nlohmann::json json_bytes(std::string_view bytes);

}  // namespace guidepost::app
