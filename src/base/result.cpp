#include "guidepost/base/result.hpp"

namespace guidepost {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kTimedOut:
      return "timed_out";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kAlreadyExists:
      return "already_exists";
    case ErrorCode::kOutOfRange:
      return "out_of_range";
    case ErrorCode::kTopicChanged:
      return "topic_changed";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kPoison:
      return "poison";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kFailed:
      return "failed";
  }
  return "unknown";
}

}  // namespace guidepost
