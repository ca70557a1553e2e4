#include "support/fake_event_log.hpp"

#include <gtest/gtest.h>

#include "support/manual_executor.hpp"

namespace guidepost {
namespace {

using test::FakeEventLog;
using test::ManualExecutor;
using test::When;

/// Writes down what it is told; answers `revoking` when the test says so.
struct Listener final : GroupListener {
  void assigned(Partition partition, std::string) override {
    told.push_back("assigned " + std::to_string(partition.value));
  }
  void revoking(Partition partition, Task done) override {
    told.push_back("revoking " + std::to_string(partition.value));
    open.push_back(std::move(done));
  }
  void lost(Partition partition) override { told.push_back("lost " + std::to_string(partition.value)); }
  void failed(Error error) override { told.push_back("failed " + std::string(to_string(error.code))); }
  std::vector<std::string> take() { return std::exchange(told, {}); }
  void let_go() {
    for (auto& done : std::exchange(open, {})) done();
  }
  std::vector<std::string> told;
  std::vector<Task> open;
};

using Told = std::vector<std::string>;

class FakeEventLogTest : public testing::Test {
 protected:
  ManualExecutor executor;
  FakeEventLog log{executor};
  const TopicPartition p0{"t", Partition{0}};
};

TEST_F(FakeEventLogTest, APartitionMovesOnlyAfterItsOwnerHasLetGo) {
  log.make_topic("t", 2);
  Listener a;
  Listener b;
  auto first = log.join({"g", "t", "a"}, a, executor);
  executor.run();
  EXPECT_EQ(a.take(), (Told{"assigned 0", "assigned 1"}));
  auto second = log.join({"g", "t", "b"}, b, executor);
  executor.run();
  EXPECT_EQ(a.take(), (Told{"revoking 1"}));
  EXPECT_EQ(b.take(), Told{});
  a.let_go();
  executor.run();
  EXPECT_EQ(b.take(), (Told{"assigned 1"}));
}

TEST_F(FakeEventLogTest, ARevokeThatIsNotAnsweredEndsAtItsDeadline) {
  log.make_topic("t", 2);
  Listener a;
  Listener b;
  auto first = log.join({"g", "t", "a"}, a, executor);
  executor.run();
  auto second = log.join({"g", "t", "b"}, b, executor);
  executor.advance(std::chrono::seconds{19});
  EXPECT_EQ(b.take(), Told{});
  executor.advance(std::chrono::seconds{2});
  EXPECT_EQ(a.take(), (Told{"assigned 0", "assigned 1", "revoking 1", "lost 1"}));
  EXPECT_EQ(b.take(), (Told{"assigned 1"}));
  a.let_go();  // too late: changes nothing
  executor.run();
  EXPECT_EQ(b.take(), Told{});
}

TEST_F(FakeEventLogTest, ANamedMemberThatComesBackInTimeGetsItsPartitionsAndTheOthersNoticeNothing) {
  log.make_topic("t", 2);
  Listener a;
  Listener b;
  auto first = log.join({"g", "t", "a"}, a, executor);
  auto second = log.join({"g", "t", "b"}, b, executor);
  executor.run();
  a.let_go();
  executor.run();
  a.take();
  b.take();
  first.reset();
  executor.advance(std::chrono::seconds{10});
  first = log.join({"g", "t", "a"}, a, executor);
  executor.advance(std::chrono::seconds{30});
  EXPECT_EQ(a.take(), (Told{"assigned 0"}));
  EXPECT_EQ(b.take(), Told{});
  first.reset();
  executor.advance(std::chrono::seconds{16});
  EXPECT_EQ(b.take(), (Told{"assigned 0"}));
}

TEST_F(FakeEventLogTest, AMemberOfTheSameNameTakesTheSlot) {
  log.make_topic("t", 1);
  Listener a;
  Listener b;
  auto first = log.join({"g", "t", "a"}, a, executor);
  executor.run();
  auto second = log.join({"g", "t", "a"}, b, executor);
  executor.run();
  EXPECT_EQ(a.take(), (Told{"assigned 0", "lost 0", "failed cancelled"}));
  EXPECT_EQ(b.take(), (Told{"assigned 0"}));
  std::optional<ErrorCode> refused;
  first->commit(Partition{0}, {Offset{1}, ""}, {executor, [&](Result<void> r) { refused = r.error().code; }});
  executor.run();
  EXPECT_EQ(refused, ErrorCode::kCancelled);
}

TEST_F(FakeEventLogTest, AnOwnerCanLoseAPartitionToAnotherMemberUnasked) {
  log.make_topic("t", 2);
  Listener a;
  Listener b;
  auto first = log.join({"g", "t", "a"}, a, executor);
  auto second = log.join({"g", "t", "b"}, b, executor);
  executor.run();
  a.let_go();
  executor.run();
  a.take();
  b.take();
  log.lose("g", p0);
  executor.run();
  EXPECT_EQ(a.take(), (Told{"lost 0"}));
  EXPECT_EQ(b.take(), (Told{"assigned 0"}));
}

TEST_F(FakeEventLogTest, MembersOfADeletedTopicFail) {
  log.make_topic("t", 1);
  Listener a;
  auto member = log.join({"g", "t", ""}, a, executor);
  executor.run();
  log.make_again("t");
  executor.run();
  EXPECT_EQ(a.take(), (Told{"assigned 0", "lost 0", "failed not_found"}));
}

TEST_F(FakeEventLogTest, AMemberWaitsForATopicThatWasNotMadeYet) {
  Listener a;
  auto member = log.join({"g", "t", ""}, a, executor);
  executor.advance(std::chrono::seconds{5});
  EXPECT_EQ(a.take(), Told{});
  log.make_topic("t", 1);
  executor.advance(std::chrono::seconds{1});
  EXPECT_EQ(a.take(), (Told{"assigned 0"}));
}

TEST_F(FakeEventLogTest, AFailureAfterApplyingIsALostReply) {
  log.make_topic("t", 1);
  auto producer = log.producer({});
  log.faults().fail_next(FakeEventLog::Call::kAppend, 1, ErrorCode::kTimedOut, When::kAfterApplying);
  std::vector<bool> answers;
  for (int i = 0; i < 2; ++i) {
    producer->append({p0, "k", "v", std::nullopt},
                     {executor, [&](Result<Offset> r) { answers.push_back(r.has_value()); }});
  }
  executor.run();
  EXPECT_EQ(answers, (std::vector<bool>{false, true}));
  EXPECT_EQ(log.stored(p0).size(), 2U);
}

TEST_F(FakeEventLogTest, HeldAppendsAreStoredInOrderWhenReleased) {
  log.make_topic("t", 1);
  auto producer = log.producer({});
  log.faults().hold(FakeEventLog::Call::kAppend);
  std::vector<std::int64_t> offsets;
  for (const auto* value : {"a", "b"}) {
    producer->append({p0, "", value, std::nullopt}, {executor, [&](Result<Offset> r) { offsets.push_back(r->value); }});
  }
  executor.run();
  EXPECT_EQ(log.stored(p0).size(), 0U);
  EXPECT_EQ(producer->in_flight_bytes(), 2_B);
  log.faults().release(FakeEventLog::Call::kAppend);
  executor.run();
  EXPECT_EQ(offsets, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(log.stored(p0).at(Offset{1}).value, "b");
  EXPECT_EQ(producer->in_flight_bytes(), 0_B);
}

TEST_F(FakeEventLogTest, AProducerIsDeadAfterAFailure) {
  log.make_topic("t", 1);
  auto producer = log.producer({});
  log.faults().fail_next(FakeEventLog::Call::kAppend, 1, ErrorCode::kFailed);
  std::vector<ErrorCode> codes;
  for (int i = 0; i < 2; ++i) {
    producer->append({p0, "", "v", std::nullopt},
                     {executor, [&](Result<Offset> r) { codes.push_back(r.error().code); }});
  }
  executor.run();
  EXPECT_EQ(codes, (std::vector<ErrorCode>{ErrorCode::kFailed, ErrorCode::kFailed}));
  EXPECT_EQ(log.stored(p0).size(), 0U);
}

TEST_F(FakeEventLogTest, TruncationOnEitherSidePutsAReaderOutOfRange) {
  log.make_topic("t", 1);
  for (int i = 0; i < 5; ++i) log.append_now(p0, "", "v");
  const auto code_at = [&](Offset from) {
    auto reader = log.read(p0, from);
    std::optional<ErrorCode> code;
    reader->fetch({}, {executor, [&](Result<std::unique_ptr<LogBatch>> r) {
                         if (!r) code = r.error().code;
                       }});
    executor.run();
    return code;
  };
  log.truncate_before(p0, Offset{2});
  log.truncate_after(p0, Offset{4});
  EXPECT_EQ(code_at(Offset{1}), ErrorCode::kOutOfRange);
  EXPECT_EQ(code_at(Offset{2}), std::nullopt);
  EXPECT_EQ(code_at(Offset{5}), ErrorCode::kOutOfRange);
}

}  // namespace
}  // namespace guidepost
