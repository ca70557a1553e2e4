#include "adapters/hbase/request_queue.hpp"

#include <gtest/gtest.h>

#include "adapters/hbase/requests.hpp"
#include "unit/adapters/hbase/fake_gateways.hpp"

namespace guidepost::hbase {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Order = RequestQueue::Order;

std::vector<RowPut> rows_of(std::size_t count, const std::string& prefix = "row") {
  std::vector<RowPut> rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back({prefix + std::to_string(i), {{"f", "q", 1, "v"}}});
  return rows;
}

/// Where an answer goes; it may come after the test has ended.
template <class T>
class Answer {
 public:
  Completion<T> take() {
    return Completion<T>(inline_executor(), [result = result_](Result<T> answer) {
      EXPECT_FALSE(*result) << "answered twice";
      *result = std::move(answer);
    });
  }
  bool given() const { return result_->has_value(); }
  const Result<T>& operator*() const { return **result_; }
  ErrorCode code() const { return (*result_)->error().code; }
  const std::string& message() const { return (*result_)->error().message; }

 private:
  std::shared_ptr<std::optional<Result<T>>> result_ = std::make_shared<std::optional<Result<T>>>();
};

/// The queue with its pool over fake gateways `a` and `b`, driven without threads.
class RequestQueueTest : public ::testing::Test {
 protected:
  void put(std::vector<RowPut> rows, Answer<void>& answer, std::size_t batch_rows = 500, Order order = Order::kAny) {
    queue.submit(put_requests("t", cut(std::move(rows), batch_rows, 1_MiB), answer.take()), order);
  }
  void scan(ScanRequest request, Answer<ScanPage>& answer, Bytes page = 4_MiB) {
    queue.submit(scan_request("t", std::move(request), weights, page, answer.take()), Order::kAny);
  }
  void check_and_put(Answer<bool>& answer) {
    queue.submit(check_and_put_request("t", {"r", "f", "q", std::nullopt, {"r", {{"f", "q", 1, "v"}}}}, answer.take()),
                 Order::kAny);
  }
  /// Runs until nothing is left, moving the clock to whatever is waited for.
  void run() {
    for (;;) {
      while (queue.run_one()) {
      }
      const auto next = queue.outlook().next;
      if (!next) return;
      clock.now = std::max(clock.now, *next);
    }
  }

  FakeCluster cluster;
  FakeConnector connector{cluster};
  ManualClock clock;
  Meters meters;
  RowWeights weights;
  GatewayPool pool{{.gateways = {{"a", 1}, {"b", 2}}}, connector, clock.reader(), 42};
  int wakes = 0;
  RequestQueue queue{RetryOptions{}, pool, meters, clock.reader(), 42, [this] { ++wakes; }};
  FakeCluster::Gateway& a = cluster.gateways["a"];
  FakeCluster::Gateway& b = cluster.gateways["b"];
};

TEST_F(RequestQueueTest, a_call_of_many_batches_is_answered_once_when_all_are_written) {
  Answer<void> answer;
  put(rows_of(1750), answer);
  for (int i = 0; i < 3; ++i) {
    queue.run_one();
    EXPECT_FALSE(answer.given());
  }
  run();
  ASSERT_TRUE(answer.given() && *answer);
  EXPECT_EQ(cluster.rows.size(), 1750U);
  EXPECT_EQ(cluster.batch_sizes, (std::vector<std::size_t>{500, 500, 500, 250}));
}

TEST_F(RequestQueueTest, a_put_goes_on_over_the_other_gateway_when_one_dies) {
  Answer<void> first;
  put(rows_of(4000), first, 100);
  for (int i = 0; i < 10; ++i) queue.run_one();
  ASSERT_GT(a.requests, 0);
  a.up = false;
  const auto before = clock.now;
  run();
  ASSERT_TRUE(first.given() && *first);
  EXPECT_EQ(cluster.rows.size(), 4000U);
  EXPECT_LT(clock.now - before, 1s);
}

TEST_F(RequestQueueTest, a_put_in_doubt_is_sent_again) {
  a.next_failures.push_back(timed_out());
  b.next_failures.push_back(timed_out());
  Answer<void> answer;
  put(rows_of(3), answer);
  run();
  ASSERT_TRUE(answer.given() && *answer);
  EXPECT_EQ(cluster.batch_sizes, (std::vector<std::size_t>{3, 3, 3}));
}

TEST_F(RequestQueueTest, while_nobody_is_there_calls_end_as_unavailable_after_their_deadline) {
  a.up = b.up = false;
  Answer<void> put_answer;
  Answer<ScanPage> scan_answer;
  const auto before = clock.now;
  put(rows_of(3), put_answer);
  scan({}, scan_answer);
  run();
  ASSERT_TRUE(put_answer.given() && scan_answer.given());
  EXPECT_EQ(put_answer.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(scan_answer.code(), ErrorCode::kUnavailable);
  EXPECT_LE(clock.now - before, 60s);
  EXPECT_GE(clock.now - before, 40s);
}

TEST_F(RequestQueueTest, waiting_for_the_next_try_does_not_hold_up_what_can_be_done) {
  a.next_failures.push_back(sort_io_error(Scope::kBatch, "RegionTooBusyException", true));
  b.next_failures.push_back(sort_io_error(Scope::kBatch, "RegionTooBusyException", true));
  Answer<void> busy;
  Answer<void> other;
  put(rows_of(1, "busy"), busy);
  queue.run_one();
  put(rows_of(1, "other"), other);
  b.next_failures.clear();
  a.next_failures.clear();
  while (queue.run_one()) {
  }
  EXPECT_TRUE(other.given());
}

TEST_F(RequestQueueTest, one_poison_row_of_500_is_found_and_named_and_all_others_are_written) {
  cluster.poison = {"row317"};
  Answer<void> answer;
  put(rows_of(500), answer);
  run();
  ASSERT_TRUE(answer.given());
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer.code(), ErrorCode::kPoison);
  EXPECT_NE(answer.message().find("row 'row317' of table t"), std::string::npos) << answer.message();
  EXPECT_EQ(cluster.rows.size(), 499U);
  EXPECT_LE(cluster.batch_sizes.size(), 22U) << "twice whole, then two halves a level";
}

TEST_F(RequestQueueTest, several_poison_rows_are_all_found) {
  cluster.poison = {"row0", "row1", "row250", "row499"};
  Answer<void> answer;
  put(rows_of(500), answer);
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kPoison);
  for (const auto& row : cluster.poison)
    EXPECT_NE(answer.message().find("'" + row + "'"), std::string::npos) << answer.message();
  EXPECT_EQ(cluster.rows.size(), 496U);
}

TEST_F(RequestQueueTest, a_row_key_that_is_no_text_is_named_unambiguously) {
  const std::string key("a\0\xff\n", 4);
  cluster.poison = {key};
  Answer<void> answer;
  put({{key, {{"f", "q", 1, "v"}}}}, answer);
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kPoison);
  EXPECT_NE(answer.message().find(R"('a\x00\xff\n')"), std::string::npos) << answer.message();
}

TEST_F(RequestQueueTest, an_internal_error_that_passes_is_no_poison) {
  a.next_failures.push_back(internal_error());
  b.next_failures.push_back(internal_error());
  Answer<void> answer;
  put(rows_of(500), answer);
  run();
  // Both gateways had one left: the second try may meet it too, a half then does not.
  ASSERT_TRUE(answer.given());
  EXPECT_TRUE(*answer);
  EXPECT_EQ(cluster.rows.size(), 500U);
}

TEST_F(RequestQueueTest, unavailable_says_more_about_a_call_than_poison_for_it_must_be_repeated_whole) {
  cluster.poison = {"row0"};
  Answer<void> answer;
  put(rows_of(2), answer, 1, Order::kOneByOne);
  while (cluster.batch_sizes.size() < 2) {
    if (!queue.run_one()) clock.now = *queue.outlook().next;
  }
  ASSERT_EQ(cluster.order, (std::vector<std::string>{"row0", "row0"})) << "the poison is known";
  a.up = b.up = false;
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kTimedOut) << answer.message();
}

TEST_F(RequestQueueTest, an_unknown_family_ends_the_call_at_once) {
  a.next_failures.push_back(sort_io_error(Scope::kBatch, "NoSuchColumnFamilyException: 1 time", true));
  b.next_failures.push_back(sort_io_error(Scope::kBatch, "NoSuchColumnFamilyException: 1 time", true));
  Answer<void> answer;
  put(rows_of(2), answer);
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kRefused);
  EXPECT_EQ(cluster.batch_sizes.size(), 1U);
}

TEST_F(RequestQueueTest, calls_take_turns) {
  Answer<void> large;
  Answer<void> small;
  put(rows_of(100, "large"), large, 1);
  put(rows_of(1, "small"), small, 1);
  queue.run_one();
  queue.run_one();
  EXPECT_TRUE(small.given());
  EXPECT_FALSE(large.given());
  run();
  EXPECT_TRUE(large.given());
}

TEST_F(RequestQueueTest, batches_that_must_not_overtake_each_other_wait_for_the_one_before) {
  Answer<void> answer;
  a.next_failures.push_back(timed_out());
  b.next_failures.push_back(timed_out());
  put(rows_of(4), answer, 2, Order::kOneByOne);
  run();
  ASSERT_TRUE(answer.given() && *answer);
  EXPECT_EQ(cluster.order, (std::vector<std::string>{"row0", "row0", "row0", "row2"}));
}

TEST_F(RequestQueueTest, the_halves_of_such_a_batch_come_before_the_next) {
  cluster.poison = {"row1"};
  Answer<void> answer;
  put(rows_of(4), answer, 2, Order::kOneByOne);
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kPoison);
  EXPECT_EQ(cluster.order, (std::vector<std::string>{"row0", "row0", "row0", "row1", "row2"}));
}

TEST_F(RequestQueueTest, gets_are_answered_in_their_order_with_empty_rows_for_absent_ones) {
  cluster.rows["b"] = {"b", {{"f", "q", 7, "B"}}};
  std::vector<RowGet> gets{{"a", {}}, {"b", {}}, {"b", {}}, {"c", {}}, {"b", {}}};
  Answer<std::vector<Row>> answer;
  queue.submit(get_requests("t", cut(std::move(gets), 2, 1_MiB), weights, answer.take()), Order::kAny);
  run();
  ASSERT_TRUE(answer.given() && *answer);
  const auto& rows = **answer;
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].key, "a");
  EXPECT_TRUE(rows[0].empty());
  for (const std::size_t i : {1U, 2U, 4U}) EXPECT_EQ(rows[i].cells, (std::vector<Cell>{{"f", "q", 7, "B"}})) << i;
}

TEST_F(RequestQueueTest, a_reply_too_large_is_asked_for_in_halves) {
  cluster.reply_limit = 10;
  std::vector<RowGet> gets;
  for (int i = 0; i < 64; ++i) gets.push_back({"r" + std::to_string(i), {}});
  Answer<std::vector<Row>> answer;
  queue.submit(get_requests("t", cut(std::move(gets), 64, 1_MiB), weights, answer.take()), Order::kAny);
  run();
  ASSERT_TRUE(answer.given() && *answer);
  for (int i = 0; i < 64; ++i) EXPECT_EQ((**answer)[static_cast<std::size_t>(i)].key, "r" + std::to_string(i));
}

TEST_F(RequestQueueTest, a_single_row_too_large_for_a_reply_fails) {
  cluster.reply_limit = 0;
  Answer<std::vector<Row>> answer;
  queue.submit(get_requests("t", {{{"huge", {}}}}, weights, answer.take()), Order::kAny);
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kFailed);
  EXPECT_NE(answer.message().find("'huge'"), std::string::npos);
}

TEST_F(RequestQueueTest, a_full_page_says_where_the_next_begins_and_the_last_says_nothing) {
  for (int i = 0; i < 10; ++i) cluster.rows[std::string(1, static_cast<char>('a' + i))] = {"", {{"f", "q", 1, "v"}}};
  Answer<ScanPage> first;
  scan({.start = "", .stop = "", .cells = {}, .max_rows = 4}, first);
  run();
  EXPECT_EQ((*first)->rows.size(), 4U);
  EXPECT_EQ((*first)->next, std::string("d\0", 2));
  Answer<ScanPage> last;
  scan({.start = (*first)->next, .stop = "", .cells = {}, .max_rows = 100}, last);
  run();
  EXPECT_EQ((*last)->rows.size(), 6U);
  EXPECT_EQ((*last)->next, "");
}

TEST_F(RequestQueueTest, a_full_page_that_reaches_the_stop_is_the_last) {
  for (const char c : {'a', 'b', 'c'}) cluster.rows[std::string(1, c)] = {"", {{"f", "q", 1, "v"}}};
  Answer<ScanPage> page;
  scan({.start = "", .stop = std::string("b\0", 2), .cells = {}, .max_rows = 2}, page);
  run();
  EXPECT_EQ((*page)->rows.size(), 2U);
  EXPECT_EQ((*page)->next, "");
}

TEST_F(RequestQueueTest, a_page_ends_early_when_it_is_heavy) {
  for (int i = 0; i < 100; ++i)
    cluster.rows["r" + std::to_string(100 + i)] = {"", {{"f", "q", 1, std::string(100 * 1024, 'x')}}};
  Answer<ScanPage> learn;
  scan({.start = "", .stop = "", .cells = {}, .max_rows = 1}, learn, 1_MiB);
  run();
  Answer<ScanPage> page;
  scan({.start = "", .stop = "", .cells = {}, .max_rows = 100}, page, 1_MiB);
  run();
  EXPECT_GE((*page)->rows.size(), 9U);
  EXPECT_LE((*page)->rows.size(), 12U);
  EXPECT_EQ((*page)->next, (*page)->rows.back().key + '\0');
}

TEST_F(RequestQueueTest, a_scan_goes_on_where_it_was_when_a_gateway_fails_in_between) {
  for (int i = 0; i < 300; ++i) cluster.rows["r" + std::to_string(1000 + i)] = {"", {{"f", "q", 1, "v"}}};
  cluster.reply_limit = 50;
  a.next_failures = {timed_out()};
  b.next_failures = {timed_out()};
  Answer<ScanPage> page;
  scan({.start = "", .stop = "", .cells = {}, .max_rows = 1000}, page);
  run();
  ASSERT_TRUE(page.given() && *page);
  ASSERT_EQ((*page)->rows.size(), 300U);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ((*page)->rows[i].key, "r" + std::to_string(1000 + i));
}

TEST_F(RequestQueueTest, check_and_put_is_repeated_while_it_was_surely_not_applied) {
  a.up = b.up = false;
  Answer<bool> answer;
  check_and_put(answer);
  queue.run_one();
  EXPECT_FALSE(answer.given());
  a.up = b.up = true;
  run();
  ASSERT_TRUE(answer.given() && *answer);
  EXPECT_TRUE(**answer);
}

TEST_F(RequestQueueTest, check_and_put_in_doubt_is_answered_timed_out_and_not_repeated) {
  a.next_failures.push_back(timed_out());
  b.next_failures.push_back(timed_out());
  Answer<bool> answer;
  check_and_put(answer);
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kTimedOut);
  EXPECT_EQ(a.requests + b.requests, 1);
}

TEST_F(RequestQueueTest, closing_answers_what_waits_and_what_comes_with_cancelled) {
  a.up = b.up = false;
  Answer<void> retried;
  Answer<void> waiting;
  Answer<void> in_order;
  put(rows_of(1), retried);
  queue.run_one();
  put(rows_of(3), waiting, 1);
  put(rows_of(3), in_order, 1, Order::kOneByOne);
  queue.close();
  Answer<void> late;
  put(rows_of(1), late);
  for (const auto* answer : {&retried, &waiting, &in_order, &late}) {
    ASSERT_TRUE(answer->given());
    EXPECT_EQ(answer->code(), ErrorCode::kCancelled);
  }
}

TEST_F(RequestQueueTest, what_waits_behind_a_silent_store_is_not_tried_after_its_deadline) {
  Answer<void> answer;
  put(rows_of(1), answer);
  clock.now += 60s;
  run();
  EXPECT_EQ(answer.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(a.requests + b.requests, 0);
}

TEST_F(RequestQueueTest, what_waits_behind_a_busy_store_is_not_late) {
  Answer<void> first;
  Answer<void> second;
  put(rows_of(1, "a"), first);
  put(rows_of(1, "b"), second);
  clock.now += 59s;
  queue.run_one();
  clock.now += 59s;
  run();
  ASSERT_TRUE(second.given());
  EXPECT_TRUE(*second);
}

TEST_F(RequestQueueTest, a_table_whose_making_was_answered_in_doubt_counts_as_made) {
  a.next_failures.push_back(timed_out());
  b.next_failures.push_back(timed_out());
  const auto exists = sort_io_error(Scope::kTable, "TableExistsException: t", false);
  a.next_failures.push_back(exists);
  b.next_failures.push_back(exists);
  Answer<void> made;
  queue.submit(create_table_request({"t", {{"f"}}, {}}, made.take()), Order::kAny);
  // The first try fails over whichever gateway; take its twin's doubt away, and the probe's.
  queue.run_one();
  auto& other = a.requests == 0 ? a : b;
  other.next_failures.pop_front();
  run();
  ASSERT_TRUE(made.given());
  EXPECT_TRUE(*made) << made.message();
}

TEST_F(RequestQueueTest, a_table_that_is_there_is_told) {
  const auto exists = sort_io_error(Scope::kTable, "TableExistsException: t", false);
  a.next_failures.push_back(exists);
  b.next_failures.push_back(exists);
  Answer<void> made;
  queue.submit(create_table_request({"t", {{"f"}}, {}}, made.take()), Order::kAny);
  run();
  EXPECT_EQ(made.code(), ErrorCode::kAlreadyExists);
}

TEST_F(RequestQueueTest, names_of_tables_come_sorted) {
  Answer<std::vector<std::string>> names;
  queue.submit(list_tables_request("", names.take()), Order::kAny);
  run();
  EXPECT_EQ(**names, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace guidepost::hbase
