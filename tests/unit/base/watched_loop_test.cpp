#include "base/watched_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guidepost/base/executor.hpp"

namespace guidepost {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Waits until the loop has done everything that it was given so far.
void come_round(ThreadExecutor& loop) {
  std::promise<void> after;
  loop.post([&] { after.set_value(); });
  after.get_future().wait();
}

TEST(WatchedLoop, ALoopThatComesToItsTaskDoesNotHang) {
  ThreadExecutor loop("lively");
  EXPECT_THAT(hanging_loops(), IsEmpty());
  come_round(loop);
  EXPECT_THAT(hanging_loops(), IsEmpty());
}

TEST(WatchedLoop, ALoopWhoseTaskDoesNotEndHangsUntilItDoes) {
  ThreadExecutor lively("lively");
  ThreadExecutor stuck("stuck");
  std::promise<void> reached;
  std::promise<void> release;
  stuck.post([&] {
    reached.set_value();
    release.get_future().wait();
  });
  reached.get_future().wait();
  EXPECT_THAT(hanging_loops(), IsEmpty());
  come_round(lively);
  EXPECT_THAT(hanging_loops(), ElementsAre("stuck"));

  release.set_value();
  come_round(lively);
  come_round(stuck);
  EXPECT_THAT(hanging_loops(), IsEmpty());
}

TEST(WatchedLoop, ALoopThatStoppedIsNotWaitedFor) {
  std::vector<Task> given;
  WatchedLoop loop("ended", [&](Task task) { given.push_back(std::move(task)); });
  EXPECT_THAT(hanging_loops(), IsEmpty());
  EXPECT_EQ(given.size(), 1U);
  EXPECT_THAT(hanging_loops(), ElementsAre("ended"));
  loop.end();
  EXPECT_THAT(hanging_loops(), IsEmpty());
  given.front()();  // late, and after the loop: harmless
}

}  // namespace
}  // namespace guidepost
