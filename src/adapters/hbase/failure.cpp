#include "adapters/hbase/failure.hpp"

#include <algorithm>
#include <array>

namespace guidepost::hbase {
namespace {

struct Known {
  std::string_view exception;
  Verdict verdict;
  ErrorCode code;
  std::string_view reason;
};

// The reason of a failure whose message names no exception that we know.
constexpr std::string_view kUnnamed = "io_error";
constexpr std::string_view kUnnamedRefusal = "row_refused";

// Names of HBase's exceptions as they stand in messages. The message of a batch may hold several:
// the first of this list that is found decides, so what never helps comes before what may pass, and
// what may pass before the mere suspicion against a row.
constexpr std::array kKnown{
    Known{"TableNotFoundException", Verdict::kFail, ErrorCode::kNotFound, "table_not_found"},
    Known{"NamespaceNotFoundException", Verdict::kFail, ErrorCode::kNotFound, "table_not_found"},
    Known{"TableExistsException", Verdict::kFail, ErrorCode::kAlreadyExists, "table_exists"},
    Known{"NoSuchColumnFamilyException", Verdict::kFail, ErrorCode::kRefused, "unknown_family"},
    Known{"AccessDeniedException", Verdict::kFail, ErrorCode::kRefused, "access_denied"},
    Known{"AccessControlException", Verdict::kFail, ErrorCode::kRefused, "access_denied"},
    Known{"TableNotEnabledException", Verdict::kFail, ErrorCode::kRefused, "table_disabled"},
    Known{"TableNotDisabledException", Verdict::kFail, ErrorCode::kRefused, "table_enabled"},
    Known{"SpaceLimitingException", Verdict::kFail, ErrorCode::kRefused, "quota"},
    Known{"QuotaExceededException", Verdict::kFail, ErrorCode::kRefused, "quota"},
    Known{"RegionTooBusyException", Verdict::kRetry, ErrorCode::kUnavailable, "overloaded"},
    Known{"CallQueueTooBigException", Verdict::kRetry, ErrorCode::kUnavailable, "overloaded"},
    Known{"CallDroppedException", Verdict::kRetry, ErrorCode::kUnavailable, "overloaded"},
    Known{"RpcThrottlingException", Verdict::kRetry, ErrorCode::kUnavailable, "overloaded"},
    Known{"NotServingRegionException", Verdict::kRetry, ErrorCode::kUnavailable, "region_moved"},
    Known{"RegionMovedException", Verdict::kRetry, ErrorCode::kUnavailable, "region_moved"},
    Known{"RegionOpeningException", Verdict::kRetry, ErrorCode::kUnavailable, "region_moved"},
    Known{"WrongRegionException", Verdict::kRetry, ErrorCode::kUnavailable, "region_moved"},
    Known{"UnknownScannerException", Verdict::kRetry, ErrorCode::kUnavailable, "scanner_lost"},
    Known{"ScannerTimeoutException", Verdict::kRetry, ErrorCode::kUnavailable, "scanner_lost"},
    Known{"ScannerResetException", Verdict::kRetry, ErrorCode::kUnavailable, "scanner_lost"},
    Known{"OutOfOrderScannerNextException", Verdict::kRetry, ErrorCode::kUnavailable, "scanner_lost"},
    Known{"RegionServerStoppedException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"RegionServerAbortedException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"ServerNotRunningYetException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"MasterNotRunningException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"MasterStoppedException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"PleaseHoldException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"ConnectException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"ConnectionClosedException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"UnknownHostException", Verdict::kRetry, ErrorCode::kUnavailable, "server_away"},
    Known{"TimeoutException", Verdict::kRetry, ErrorCode::kUnavailable, "server_timeout"},
    Known{"RetriesExhaustedException", Verdict::kRetry, ErrorCode::kUnavailable, "retries_exhausted"},
    Known{"FailedSanityCheckException", Verdict::kSuspect, ErrorCode::kPoison, kUnnamedRefusal},
    Known{"DoNotRetryIOException", Verdict::kSuspect, ErrorCode::kPoison, kUnnamedRefusal},
};

/// The words of a message without Java's stack, which says nothing to who reads our log.
std::string brief(std::string_view message) {
  constexpr std::size_t kEnough = 600;
  std::string out;
  while (!message.empty()) {
    const auto line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(line.size() + 1, message.size()));
    if (line.empty() || line.starts_with("\tat ") || line.starts_with("\t...")) continue;
    if (!out.empty()) out += ' ';
    out += line;
  }
  if (out.size() > kEnough) {
    out.resize(kEnough);
    out += "...";
  }
  return out;
}

// The numbers of TApplicationException that say what the two sides think of each other.
constexpr int kUnknownMethod = 1;
constexpr int kInternalError = 6;

}  // namespace

Failure sort_io_error(Scope scope, std::string_view message, bool can_retry) {
  Failure failure{.verdict = Verdict::kRetry,
                  .code = ErrorCode::kUnavailable,
                  .outcome = Outcome::kUnknown,
                  .connection = Reuse::kMayGoOn,
                  .reason = kUnnamed,
                  .message = brief(message)};
  const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const Known& k) { return message.find(k.exception) != std::string_view::npos; });
  if (known != kKnown.end()) {
    failure.verdict = known->verdict;
    failure.code = known->code;
    failure.reason = known->reason;
  } else if (!can_retry) {
    failure.verdict = Verdict::kSuspect;
    failure.code = ErrorCode::kPoison;
    failure.reason = kUnnamedRefusal;
  }
  // Of a table there is no row to look for: refused is refused.
  if (failure.verdict == Verdict::kSuspect && scope == Scope::kTable) {
    failure.verdict = Verdict::kFail;
    failure.code = ErrorCode::kRefused;
    failure.reason = "refused";
  }
  if (failure.verdict != Verdict::kRetry && scope == Scope::kOneRow) failure.outcome = Outcome::kNotApplied;
  return failure;
}

bool may_be_of_missing_table(const Failure& failure, std::string_view table) {
  return (failure.reason == kUnnamed || failure.reason == kUnnamedRefusal) &&
         failure.message.find(table) != std::string::npos;
}

Failure table_missing(std::string_view table) {
  return sort_io_error(Scope::kTable, "TableNotFoundException: there is no table " + std::string(table), false);
}

Failure sort_application_error(int type, std::string_view message) {
  if (type == kInternalError) {
    return {.verdict = Verdict::kSuspect,
            .code = ErrorCode::kPoison,
            .outcome = Outcome::kUnknown,
            .connection = Reuse::kMayGoOn,
            .reason = "internal_error",
            .message = std::string(message)};
  }
  if (type == kUnknownMethod) {
    return {.verdict = Verdict::kFail,
            .code = ErrorCode::kRefused,
            .outcome = Outcome::kNotApplied,
            .connection = Reuse::kSpent,
            .reason = "wrong_gateway",
            .message = std::string(message) +
                       ": this gateway does not speak Thrift2 (is it the older `thrift` one? start `thrift2`)"};
  }
  // Answers out of step: what comes next on this connection belongs to nobody.
  return {.verdict = Verdict::kRetry,
          .code = ErrorCode::kUnavailable,
          .outcome = Outcome::kUnknown,
          .connection = Reuse::kSpent,
          .reason = "protocol",
          .message = std::string(message)};
}

Failure sort_transport_error(TransportTrouble trouble, std::string message) {
  Failure failure{.verdict = Verdict::kRetry,
                  .code = ErrorCode::kUnavailable,
                  .outcome = Outcome::kUnknown,
                  .connection = Reuse::kSpent,
                  .reason = "closed",
                  .message = std::move(message)};
  switch (trouble) {
    case TransportTrouble::kNotConnected:
      failure.outcome = Outcome::kNotApplied;
      failure.reason = "not_connected";
      break;
    case TransportTrouble::kTimedOut:
      failure.reason = "timed_out";
      break;
    case TransportTrouble::kClosed:
      break;
    case TransportTrouble::kGarbled:
      failure.reason = "protocol";
      failure.message += " (do framing and protocol of this gateway agree with the configuration?)";
      break;
    case TransportTrouble::kReplyTooLarge:
      failure.verdict = Verdict::kTooLarge;
      failure.code = ErrorCode::kFailed;
      failure.reason = "reply_too_large";
      break;
  }
  return failure;
}

}  // namespace guidepost::hbase
