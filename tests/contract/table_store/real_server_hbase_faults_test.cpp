// What only HBase can do wrong, on a real one: gateways that die, connections cut at the worst moment.
#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <random>
#include <sstream>

#include "adapters/hbase/requests.hpp"
#include "adapters/hbase/workers.hpp"
#include "base/metrics.hpp"
#include "contract/table_store/real_server_hbase.hpp"
#include "support/tcp_proxy.hpp"

namespace guidepost::contract {
namespace {

using namespace std::chrono_literals;
using hbase::HBaseTableStore;

/// A table on the real HBase, and a proxy before its first gateway.
class HBaseFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    auto found = real_hbase();
    ASSERT_TRUE(found.has_value()) << found.error().message;
    direct = *found;
    proxy = std::make_unique<test::TcpProxy>(direct.gateways[0].host, direct.gateways[0].port);
    through_proxy = direct;
    through_proxy.gateways = {{"127.0.0.1", proxy->port()}};
    table = "faults_" + std::to_string(std::random_device{}());
    HBaseTableStore store(direct);
    auto made = await<void>(
        [&](auto done) { store.create_table({table, {{"f", FamilySpec::kAllVersions}}, {}}, std::move(done)); });
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }
  void TearDown() override {
    if (table.empty()) return;
    HBaseTableStore store(direct);
    await<void>([&](auto done) { store.drop_table(table, std::move(done)); });
  }

  static RowPut row(const std::string& key, const std::string& value) { return {key, {{"f", "q", 1, value}}}; }
  static std::vector<RowPut> rows(int from, int to) {
    std::vector<RowPut> all;
    for (int i = from; i < to; ++i) all.push_back(row("row" + std::to_string(i), "value" + std::to_string(i)));
    return all;
  }
  Result<void> put(TableStore& store, std::vector<RowPut> all) const {
    return await<void>([&](auto done) { store.put(table, std::move(all), std::move(done)); });
  }
  Result<std::vector<Row>> get(TableStore& store, std::vector<RowGet> all) const {
    return await<std::vector<Row>>([&](auto done) { store.get(table, std::move(all), std::move(done)); });
  }
  /// All versions of `key`, read past the proxy.
  std::vector<Cell> stored(const std::string& key) const {
    HBaseTableStore store(direct);
    auto found = get(store, {{key, {"", {}, {}, FamilySpec::kAllVersions}}});
    EXPECT_TRUE(found.has_value());
    return found ? found->front().cells : std::vector<Cell>{};
  }
  /// Of puts, for whatever reason, by this process so far.
  static int failed_tries() {
    std::istringstream lines(metrics::expose());
    int sum = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("guidepost_hbase_failed_tries_total{operation=\"put\""))
        sum += std::stoi(line.substr(line.rfind(' ')));
    }
    return sum;
  }
  static void warm(TableStore& store) {
    auto answered = await<void>([&](auto done) { store.ping(std::move(done)); });
    ASSERT_TRUE(answered.has_value()) << answered.error().message;
  }

  hbase::HBaseOptions direct;
  hbase::HBaseOptions through_proxy;
  std::unique_ptr<test::TcpProxy> proxy;
  std::string table;
};

TEST_F(HBaseFaults, a_gateway_killed_in_the_middle_of_a_stream_of_puts_loses_nothing) {
  constexpr int kRowsOfCall = 200;
  constexpr std::size_t kInFlight = 8;
  constexpr int kCallsAfterKill = 40;
  const int failed_before = failed_tries();
  int calls = 0;
  {
    HBaseTableStore store(direct);
    std::deque<std::future<Result<void>>> in_flight;
    const auto wait_for_oldest = [&] {
      auto answer = in_flight.front().get();
      in_flight.pop_front();
      EXPECT_TRUE(answer.has_value()) << answer.error().message;
    };
    const auto start_one = [&] {
      auto promise = std::make_shared<std::promise<Result<void>>>();
      in_flight.push_back(promise->get_future());
      store.put(table, rows(calls * kRowsOfCall, (calls + 1) * kRowsOfCall),
                Completion<void>(inline_executor(), [promise](Result<void> r) { promise->set_value(std::move(r)); }));
      ++calls;
      if (in_flight.size() >= kInFlight) wait_for_oldest();
    };
    while (calls < 20) start_one();
    auto killed = std::async(std::launch::async, [] { return cluster("kill gateway1"); });
    while (killed.wait_for(0s) != std::future_status::ready) start_one();
    ASSERT_TRUE(killed.get());
    for (int i = 0; i < kCallsAfterKill; ++i) start_one();
    while (!in_flight.empty()) wait_for_oldest();
  }
  EXPECT_GT(failed_tries(), failed_before) << "nobody noticed the kill";
  EXPECT_FALSE(cluster("status")) << "the gateway was not killed";

  auto one_left = direct;
  one_left.gateways.erase(one_left.gateways.begin());
  HBaseTableStore store(one_left);
  std::vector<RowGet> gets;
  for (int i = 0; i < calls * kRowsOfCall; ++i) gets.push_back({"row" + std::to_string(i), {}});
  auto found = get(store, std::move(gets));
  ASSERT_TRUE(found.has_value()) << found.error().message;
  int wrong = 0;
  for (int i = 0; i < calls * kRowsOfCall; ++i) {
    const auto* cell = (*found)[static_cast<std::size_t>(i)].find("f", "q");
    if (cell == nullptr || cell->value != "value" + std::to_string(i)) ++wrong;
  }
  EXPECT_EQ(wrong, 0);
  ASSERT_TRUE(cluster("start gateway1"));
}

TEST_F(HBaseFaults, a_put_whose_reply_was_lost_is_there_once) {
  HBaseTableStore store(through_proxy);
  warm(store);
  proxy->order("lose_reply 1");
  auto written = put(store, {row("r", "v")});
  EXPECT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(proxy->count("lost"), 1);
  EXPECT_EQ(stored("r"), (std::vector<Cell>{{"f", "q", 1, "v"}}));
}

TEST_F(HBaseFaults, a_check_and_put_whose_reply_was_lost_is_in_doubt_and_the_cell_tells) {
  auto options = through_proxy;
  options.connections = 1;
  HBaseTableStore store(options);
  warm(store);
  proxy->order("lose_reply 1");
  auto changed = await<bool>(
      [&](auto done) { store.check_and_put(table, {"r", "f", "q", std::nullopt, row("r", "mine")}, std::move(done)); });
  ASSERT_FALSE(changed.has_value());
  EXPECT_EQ(changed.error().code, ErrorCode::kTimedOut) << changed.error().message;
  EXPECT_EQ(proxy->count("lost"), 1);
  EXPECT_EQ(stored("r"), (std::vector<Cell>{{"f", "q", 1, "mine"}}));
}

TEST_F(HBaseFaults, a_request_cut_in_the_middle_of_its_frame_is_sent_again) {
  HBaseTableStore store(through_proxy);
  warm(store);
  proxy->order("cut up 50000");
  auto written = put(store, {row("r", std::string(200000, 'x'))});
  EXPECT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(proxy->count("cuts"), 1);
  EXPECT_EQ(stored("r").size(), 1U);
}

TEST_F(HBaseFaults, a_reply_cut_in_the_middle_of_its_frame_is_asked_for_again) {
  HBaseTableStore store(through_proxy);
  ASSERT_TRUE(put(store, {row("r", std::string(200000, 'x'))}).has_value());
  proxy->order("cut down 50000");
  auto found = get(store, {{"r", {}}});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->front().cells.front().value.size(), 200000U);
  EXPECT_EQ(proxy->count("cuts"), 1);
}

TEST_F(HBaseFaults, a_gateway_that_answers_nothing_is_left_for_the_other) {
  auto options = direct;
  options.gateways[0] = {"127.0.0.1", proxy->port()};
  options.wire.request_timeout = 500ms;
  options.wire.greeting_timeout = 500ms;
  HBaseTableStore store(options);
  while (proxy->count("connections") == 0) warm(store);
  proxy->order("stall");
  auto written = put(store, rows(0, 4000));
  EXPECT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(stored("row3999").size(), 1U);
}

TEST_F(HBaseFaults, connections_that_were_dropped_while_idle_are_replaced_without_a_word) {
  auto options = through_proxy;
  options.retry.deadline = 2s;
  HBaseTableStore store(options);
  ASSERT_TRUE(put(store, rows(0, 10)).has_value());
  proxy->order("refuse");
  proxy->order("pass");
  EXPECT_GE(proxy->count("refused"), 1) << "no connection was there to be dropped";
  auto written = put(store, rows(10, 20));
  EXPECT_TRUE(written.has_value()) << written.error().message;
}

TEST_F(HBaseFaults, a_connection_idle_for_too_long_is_not_used_again) {
  auto options = through_proxy;
  options.connections = 1;
  options.pool.max_idle = 0ms;
  HBaseTableStore store(options);
  warm(store);
  warm(store);
  warm(store);
  EXPECT_EQ(proxy->count("connections"), 3);
}

TEST_F(HBaseFaults, a_store_opened_before_its_gateways_exist_says_unavailable_and_works_when_they_do) {
  proxy->order("refuse");
  auto options = through_proxy;
  options.retry.deadline = 1s;
  HBaseTableStore store(options);
  auto early = put(store, {row("r", "v")});
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code, ErrorCode::kUnavailable) << early.error().message;
  proxy->order("pass");
  Result<void> late = early;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!late && late.error().retryable() && std::chrono::steady_clock::now() < deadline)
    late = put(store, {row("r", "v")});
  EXPECT_TRUE(late.has_value()) << late.error().message;
}

TEST_F(HBaseFaults, closing_does_not_wait_for_a_gateway_that_is_silent) {
  auto store = std::make_unique<HBaseTableStore>(through_proxy);
  warm(*store);
  proxy->order("stall");
  std::promise<Result<void>> promise;
  auto answer = promise.get_future();
  store->put(table, rows(0, 1),
             Completion<void>(inline_executor(), [&](Result<void> r) { promise.set_value(std::move(r)); }));
  const auto began = std::chrono::steady_clock::now();
  store.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  auto cancelled = answer.get();
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
}

TEST_F(HBaseFaults, a_value_too_large_is_refused_before_anything_is_sent) {
  HBaseTableStore store(through_proxy);
  auto written = put(store, {row("small", "v"), row("large", std::string(std::size_t{11} * 1000 * 1000, 'x'))});
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(proxy->count("connections"), 0);
}

TEST_F(HBaseFaults, one_row_that_hbase_refuses_is_found_among_500_and_the_others_are_written) {
  // The store itself lets no such row through; the layer below it does.
  auto batch = rows(0, 500);
  batch[317].cells.clear();
  hbase::Meters meters;
  hbase::PoolOptions pool;
  pool.gateways = direct.gateways;
  hbase::Workers workers({.name = "poison", .threads = 4, .retry = {}}, pool, direct.wire, meters);
  auto answer =
      await<void>([&](auto done) { workers.submit(hbase::put_requests(table, {std::move(batch)}, std::move(done))); });
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kPoison) << answer.error().message;
  EXPECT_NE(answer.error().message.find("'row317'"), std::string::npos) << answer.error().message;
  HBaseTableStore store(direct);
  std::vector<RowGet> gets;
  for (int i = 0; i < 500; ++i) gets.push_back({"row" + std::to_string(i), {}});
  auto found = get(store, std::move(gets));
  ASSERT_TRUE(found.has_value());
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ((*found)[i].empty(), i == 317) << i;
}

TEST_F(HBaseFaults, replies_far_over_thrifts_default_limit_are_read) {
  HBaseTableStore store(direct);
  std::vector<RowPut> large;
  std::vector<RowGet> gets;
  for (int i = 0; i < 24; ++i) {
    large.push_back(row("large" + std::to_string(i), std::string(1000 * 1000, 'x')));
    gets.push_back({"large" + std::to_string(i), {}});
  }
  ASSERT_TRUE(put(store, large).has_value());
  auto found = get(store, gets);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  for (const auto& one : *found) EXPECT_EQ(one.cells.front().value.size(), 1000000U);
  auto page = await<ScanPage>([&](auto done) { store.scan(table, {}, std::move(done)); });
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_LT(page->rows.size(), 24U) << "a heavy page ends early";
  EXPECT_FALSE(page->next.empty());
}

}  // namespace
}  // namespace guidepost::contract
