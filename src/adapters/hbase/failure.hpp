// What a failed try at a gateway means: for the request, for the connection, for the caller. All that
// HBase and Thrift throw is sorted here, once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "guidepost/base/result.hpp"

namespace guidepost::hbase {

enum class Verdict : std::uint8_t {
  kRetry,     ///< the same request may succeed later, or at another gateway
  kFail,      ///< it never will
  kSuspect,   ///< refused without a reason: one more try, then halve the batch until the row is found
  kTooLarge,  ///< the answer is over our limits: ask for less at once
};

/// Whether a write may have been applied all the same.
enum class Outcome : std::uint8_t { kNotApplied, kUnknown };

/// Whether a connection may carry another request.
enum class Reuse : std::uint8_t { kMayGoOn, kSpent };

struct Failure {
  Verdict verdict;
  ErrorCode code;           ///< the caller's error if this is the last word
  Outcome outcome;
  Reuse connection;
  std::string_view reason;  ///< one of few words, the label of metrics
  std::string message;
};

/// The answer of one try.
template <class T>
using Reply = tl::expected<T, Failure>;

/// What the call was about: HBase says more, and truer, about one row than about many.
enum class Scope : std::uint8_t { kOneRow, kBatch, kTable };

/// Of an exception that HBase declares. `can_retry` is not believed for batches, which say true of
/// unknown families and tables as well: there the names of exceptions in the message decide.
Failure sort_io_error(Scope scope, std::string_view message, bool can_retry);

/// A gateway that does not find a table throws an exception whose message is the bare name of it, or for
/// a batch "Failed 2 actions: NAME: 2 times". Whether it may be that; then the gateway is to be asked.
bool may_be_of_missing_table(const Failure& failure, std::string_view table);
Failure table_missing(std::string_view table);

/// Of a TApplicationException, by its number. 6 is what a gateway answers to its own unforeseen
/// exceptions, without saying which.
Failure sort_application_error(int type, std::string_view message);

enum class TransportTrouble : std::uint8_t {
  kNotConnected,   ///< nothing was sent
  kTimedOut,
  kClosed,
  kGarbled,        ///< bytes that are not the protocol that was configured
  kReplyTooLarge,
};
Failure sort_transport_error(TransportTrouble trouble, std::string message);

}  // namespace guidepost::hbase
