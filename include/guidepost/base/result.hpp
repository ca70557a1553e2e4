// A failing world is a value. Bad data is not: that is an outcome of a stage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace guidepost {

/// Why something failed. The adapter decides it, once; the word (`to_string`) is the metric label.
enum class ErrorCode : std::uint8_t {
  kUnavailable,       ///< the other side is away or overloaded: retry
  kTimedOut,          ///< no answer in time, the outcome is unknown: retry (writes are idempotent)
  kCancelled,         ///< this side closed or lost the ownership meanwhile
  kNotFound,          ///< no such table, topic, partition, file
  kAlreadyExists,     ///< it is there already, and was left as it is
  kOutOfRange,        ///< the offset is not in the log (retention, truncation)
  kTopicChanged,      ///< a topic of this name, but another one: deleted and made again
  kInvalidArgument,   ///< refused before sending: the caller broke the port's contract
  kPoison,            ///< the other side refuses exactly this row or record, always
  kRefused,           ///< the other side refuses, always (permission, wrong family): fail now
  kCorrupt,           ///< stored bytes that cannot be what was written (checksum, version)
  kFailed,            ///< anything else that no retry helps
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;  ///< says what failed and, where it helps, what to do about it

  /// Whether the same call, repeated unchanged, may succeed.
  bool retryable() const { return code == ErrorCode::kUnavailable || code == ErrorCode::kTimedOut; }
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace guidepost
