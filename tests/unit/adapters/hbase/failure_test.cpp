#include "adapters/hbase/failure.hpp"

#include <gtest/gtest.h>

namespace guidepost::hbase {
namespace {

struct Case {
  Scope scope;
  const char* message;
  bool can_retry;
  Verdict verdict;
  ErrorCode code;
  const char* reason;
};

// Messages as real servers sent them, shortened.
const Case kCases[] = {
    {Scope::kBatch,
     "Failed 3 actions: org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: Column family zz does not exist in region t,m,1.e.: 3 times, "
     "servers with issues: localhost,45205,1",
     true, Verdict::kFail, ErrorCode::kRefused, "unknown_family"},
    {Scope::kTable, "org.apache.hadoop.hbase.TableNotFoundException: t", false, Verdict::kFail, ErrorCode::kNotFound,
     "table_not_found"},
    {Scope::kTable, "org.apache.hadoop.hbase.TableExistsException: t", false, Verdict::kFail, ErrorCode::kAlreadyExists,
     "table_exists"},
    {Scope::kTable, "org.apache.hadoop.hbase.TableNotEnabledException: t", false, Verdict::kFail, ErrorCode::kRefused,
     "table_disabled"},
    {Scope::kBatch, "Failed 2 actions: org.apache.hadoop.hbase.security.AccessDeniedException: no: 2 times", true,
     Verdict::kFail, ErrorCode::kRefused, "access_denied"},
    {Scope::kBatch,
     "Failed 2 actions: org.apache.hadoop.hbase.RegionTooBusyException: Over memstore limit=512.0M: 2 times", true,
     Verdict::kRetry, ErrorCode::kUnavailable, "overloaded"},
    {Scope::kOneRow, "Call queue is full: org.apache.hadoop.hbase.CallQueueTooBigException", true, Verdict::kRetry,
     ErrorCode::kUnavailable, "overloaded"},
    {Scope::kOneRow, "org.apache.hadoop.hbase.NotServingRegionException: t,,1 is not online", true, Verdict::kRetry,
     ErrorCode::kUnavailable, "region_moved"},
    {Scope::kOneRow, "org.apache.hadoop.hbase.UnknownScannerException: id 1", false, Verdict::kRetry,
     ErrorCode::kUnavailable, "scanner_lost"},
    {Scope::kOneRow, "Failed after attempts=21, exceptions: java.net.SocketTimeoutException: callTimeout=30000", true,
     Verdict::kRetry, ErrorCode::kUnavailable, "server_timeout"},
    {Scope::kOneRow, "something nobody has heard of", true, Verdict::kRetry, ErrorCode::kUnavailable, "io_error"},
    {Scope::kBatch, "Failed 1 action: org.apache.hadoop.hbase.DoNotRetryIOException: no: 1 time", true,
     Verdict::kSuspect, ErrorCode::kPoison, "row_refused"},
    {Scope::kOneRow, "org.apache.hadoop.hbase.exceptions.FailedSanityCheckException: no", false, Verdict::kSuspect,
     ErrorCode::kPoison, "row_refused"},
    {Scope::kOneRow, "something nobody has heard of", false, Verdict::kSuspect, ErrorCode::kPoison, "row_refused"},
    {Scope::kTable,
     "org.apache.hadoop.hbase.DoNotRetryIOException: Compression algorithm 'lzo' previously failed test.", false,
     Verdict::kFail, ErrorCode::kRefused, "refused"},
};

TEST(Failure, io_errors_are_sorted_by_the_exceptions_that_they_name) {
  for (const auto& c : kCases) {
    const auto failure = sort_io_error(c.scope, c.message, c.can_retry);
    EXPECT_EQ(failure.verdict, c.verdict) << c.message;
    EXPECT_EQ(failure.code, c.code) << c.message;
    EXPECT_EQ(failure.reason, c.reason) << c.message;
    EXPECT_EQ(failure.connection, Reuse::kMayGoOn) << c.message;
  }
}

TEST(Failure, what_never_helps_wins_over_what_may_pass_in_the_same_batch) {
  const auto failure = sort_io_error(
      Scope::kBatch,
      "Failed 5 actions: NotServingRegionException: 2 times, NoSuchColumnFamilyException: 3 times, servers with issues: x",
      true);
  EXPECT_EQ(failure.verdict, Verdict::kFail);
  EXPECT_EQ(failure.code, ErrorCode::kRefused);
}

TEST(Failure, a_refused_batch_may_still_have_been_written_in_part) {
  EXPECT_EQ(sort_io_error(Scope::kBatch, "NoSuchColumnFamilyException", true).outcome, Outcome::kUnknown);
  EXPECT_EQ(sort_io_error(Scope::kOneRow, "NoSuchColumnFamilyException", false).outcome, Outcome::kNotApplied);
  EXPECT_EQ(sort_io_error(Scope::kOneRow, "NotServingRegionException", true).outcome, Outcome::kUnknown);
}

TEST(Failure, the_bare_name_of_a_table_may_mean_that_it_is_missing) {
  EXPECT_TRUE(may_be_of_missing_table(
      sort_io_error(Scope::kBatch, "Failed 2 actions: nosuch: 2 times, servers with issues: null", true), "nosuch"));
  EXPECT_TRUE(may_be_of_missing_table(sort_io_error(Scope::kOneRow, "nosuch", false), "nosuch"));
  EXPECT_FALSE(
      may_be_of_missing_table(sort_io_error(Scope::kBatch, "RegionTooBusyException: nosuch,,1", true), "nosuch"));
  EXPECT_EQ(table_missing("nosuch").code, ErrorCode::kNotFound);
}

TEST(Failure, the_stack_of_java_is_left_out_of_messages) {
  const auto failure = sort_io_error(
      Scope::kTable, "org.x.TableNotFoundException: t\n\tat org.x.A.b(A.java:1)\n\tat org.x.C.d(C.java:2)\n: 1 time",
      false);
  EXPECT_EQ(failure.message, "org.x.TableNotFoundException: t : 1 time");
  EXPECT_LT(sort_io_error(Scope::kTable, std::string(100000, 'x'), false).message.size(), 1000U);
}

TEST(Failure, internal_error_is_a_suspicion_and_leaves_the_connection_usable) {
  const auto failure = sort_application_error(6, "Internal error processing putMultiple");
  EXPECT_EQ(failure.verdict, Verdict::kSuspect);
  EXPECT_EQ(failure.connection, Reuse::kMayGoOn);
}

TEST(Failure, an_older_gateway_is_told_by_its_unknown_method) {
  const auto failure = sort_application_error(1, "Invalid method name: 'getThriftServerType'");
  EXPECT_EQ(failure.verdict, Verdict::kFail);
  EXPECT_NE(failure.message.find("thrift2"), std::string::npos);
}

TEST(Failure, answers_out_of_step_spend_the_connection) {
  for (const int type : {0, 2, 3, 4, 5, 7}) {
    const auto failure = sort_application_error(type, "x");
    EXPECT_EQ(failure.verdict, Verdict::kRetry) << type;
    EXPECT_EQ(failure.connection, Reuse::kSpent) << type;
    EXPECT_EQ(failure.outcome, Outcome::kUnknown) << type;
  }
}

TEST(Failure, only_a_connection_never_made_says_that_nothing_was_applied) {
  EXPECT_EQ(sort_transport_error(TransportTrouble::kNotConnected, "").outcome, Outcome::kNotApplied);
  for (const auto trouble : {TransportTrouble::kTimedOut, TransportTrouble::kClosed, TransportTrouble::kGarbled,
                             TransportTrouble::kReplyTooLarge}) {
    EXPECT_EQ(sort_transport_error(trouble, "").outcome, Outcome::kUnknown);
    EXPECT_EQ(sort_transport_error(trouble, "").connection, Reuse::kSpent);
  }
  EXPECT_EQ(sort_transport_error(TransportTrouble::kReplyTooLarge, "").verdict, Verdict::kTooLarge);
}

}  // namespace
}  // namespace guidepost::hbase
