#include "base/caller_executor.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace guidepost {
namespace {

TEST(CallerExecutor, tasks_run_in_order_on_the_thread_that_waits) {
  CallerExecutor executor;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      executor.post([&, i, me = std::this_thread::get_id()] {
        EXPECT_NE(std::this_thread::get_id(), me);
        seen.push_back(i);
      });
    }
  });
  executor.run_until([&] { return seen.size() == 100; });
  other.join();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(CallerExecutor, it_stops_as_soon_as_the_aim_is_reached) {
  CallerExecutor executor;
  int ran = 0;
  for (int i = 0; i < 3; ++i) executor.post([&] { ++ran; });
  executor.run_until([&] { return true; });
  EXPECT_EQ(ran, 0);
  executor.run_until([&] { return ran == 2; });
  EXPECT_EQ(ran, 2);
}

TEST(CallerExecutor, a_later_task_waits_for_its_time) {
  CallerExecutor executor;
  bool done = false;
  const auto due = executor.now() + std::chrono::milliseconds{5};
  executor.post_after(std::chrono::milliseconds{5}, [&] {
    EXPECT_GE(executor.now(), due);
    done = true;
  });
  executor.run_until([&] { return done; });
}

}  // namespace
}  // namespace guidepost
