// Where librdkafka's errors end: each is sorted once into an ErrorCode.
#pragma once

#include <librdkafka/rdkafka.h>
#include <string_view>

#include "guidepost/base/result.hpp"

namespace guidepost::kafka {

/// What a caller may do about an error. What is not known here is kFailed: no retry in the dark.
ErrorCode sort(rd_kafka_resp_err_t code);

/// `what` says what was being done: "commit of clicks.raw[3]".
Error error_of(rd_kafka_resp_err_t code, std::string_view what);

/// The same for calls that only ask: there is no unknown outcome, so a time-out is kUnavailable.
Error question_error(rd_kafka_resp_err_t code, std::string_view what);

}  // namespace guidepost::kafka
