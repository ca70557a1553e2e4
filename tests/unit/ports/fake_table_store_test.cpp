#include "support/fake_table_store.hpp"

#include <gtest/gtest.h>

#include "support/manual_executor.hpp"

namespace guidepost {
namespace {

using test::FakeTableStore;
using test::ManualExecutor;
using test::When;

class FakeTableStoreTest : public testing::Test {
 protected:
  void SetUp() override { store.make_table("t", {"f"}, 1); }
  std::optional<ErrorCode>& put(const std::string& row, std::int64_t timestamp, const std::string& value) {
    auto& answer = answers.emplace_back();
    store.put("t", {{row, {{"f", "q", timestamp, value}}}}, {executor, [&](Result<void> r) {
                                                               ++answered;
                                                               if (!r) answer = r.error().code;
                                                             }});
    executor.run();
    return answer;
  }
  ManualExecutor executor;
  FakeTableStore store;
  std::deque<std::optional<ErrorCode>> answers;
  int answered = 0;
};

TEST_F(FakeTableStoreTest, ALostReplyLeavesThePutApplied) {
  store.faults().fail_next(FakeTableStore::Call::kPut, 1, ErrorCode::kTimedOut, When::kAfterApplying);
  EXPECT_EQ(put("r", 1, "a"), ErrorCode::kTimedOut);
  EXPECT_EQ(store.peek("t", "r", "f", "q"), "a");
}

TEST_F(FakeTableStoreTest, AFailureBeforeApplyingLeavesNothing) {
  store.faults().fail_after(FakeTableStore::Call::kPut, 1, ErrorCode::kUnavailable);
  EXPECT_EQ(put("r", 1, "a"), std::nullopt);
  EXPECT_EQ(put("r", 2, "b"), ErrorCode::kUnavailable);
  EXPECT_EQ(store.peek("t", "r", "f", "q"), "a");
  EXPECT_EQ(put("r", 3, "c"), std::nullopt);
}

TEST_F(FakeTableStoreTest, AHeldPutThatArrivesLateIsShadowedByANewerOne) {
  store.faults().hold(FakeTableStore::Call::kPut);
  put("r", 1, "zombie");
  EXPECT_EQ(store.faults().held(FakeTableStore::Call::kPut), 1U);
  EXPECT_EQ(answered, 0);
  store.faults().hold(FakeTableStore::Call::kPut, When::kAfterApplying);
  put("r", 2, "owner");
  EXPECT_EQ(store.peek("t", "r", "f", "q"), "owner");
  store.faults().release(FakeTableStore::Call::kPut);
  executor.run();
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(store.peek("t", "r", "f", "q"), "owner");
}

TEST_F(FakeTableStoreTest, APoisonedRowIsRefusedAndItsNeighboursAreWritten) {
  store.poison_row("bad");
  std::optional<ErrorCode> code;
  store.put("t", {{"a", {{"f", "q", 1, "v"}}}, {"bad", {{"f", "q", 1, "v"}}}, {"c", {{"f", "q", 1, "v"}}}},
            {executor, [&](Result<void> r) { code = r.error().code; }});
  executor.run();
  EXPECT_EQ(code, ErrorCode::kPoison);
  EXPECT_EQ(store.peek_all("t").size(), 2U);
}

}  // namespace
}  // namespace guidepost
