#include "app/data_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <filesystem>
#include <latch>
#include <thread>

#include "app/control_socket.hpp"

namespace guidepost::app {
namespace {

class DataFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "guidepost-data-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    folder_ = root_ + "/data";
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  /// Runs a call and gives what it printed.
  std::string output_of(const std::string& folder, const RemoteCall& call) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const auto status = call_holder(folder, call, {0, ends[1], ends[1], {}, {}});
    close(ends[1]);
    EXPECT_TRUE(status) << status.error().message;
    char text[256];
    const auto n = read(ends[0], text, sizeof text);
    close(ends[0]);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  }

  std::string root_, folder_;
};

TEST_F(DataFolderTest, OneProcessHasItAndOthersSeeWho) {
  EXPECT_EQ(holder_of(folder_), std::nullopt);
  auto lock = DataLock::take(folder_, "up");
  ASSERT_TRUE(lock);
  EXPECT_EQ(DataLock::take(folder_, "query").error().code, ErrorCode::kUnavailable);
  const auto holder = holder_of(folder_);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, getpid());
  EXPECT_EQ(holder->command, "up");
  {
    const auto gone = std::move(*lock);
  }
  EXPECT_EQ(holder_of(folder_), std::nullopt);
  EXPECT_TRUE(DataLock::take(folder_, "query"));
}

TEST_F(DataFolderTest, AFolderThatIsNotThereIsMadeForItsUserOnly) {
  ASSERT_TRUE(DataLock::take(root_ + "/a/b", "up"));
  EXPECT_EQ(std::filesystem::status(root_ + "/a/b").permissions(), std::filesystem::perms::owner_all);
}

TEST_F(DataFolderTest, ACallRunsInTheHolderOnTheCallersStreams) {
  auto server = ControlServer::start(folder_, [](const RemoteCall& call, Output& out, const std::stop_token&) {
    out.print(call.words.at(1) + " in " + call.directory + (call.out_look.terminal ? " wide" : ""));
    return 7;
  });
  ASSERT_TRUE(server);
  RemoteCall call{{"query", "--top"}, "/home", {.terminal = true, .colour = false, .width = 99}, {}};
  EXPECT_EQ(output_of(folder_, call), "--top in /home wide");
  EXPECT_EQ(call_holder(folder_, call, {0, 1, 2, {}, {}}).value(), 7);
}

TEST_F(DataFolderTest, AFolderHowEverDeepHasASocket) {
  std::string deep = folder_;
  while (deep.size() < 200) deep += "/deeper-and-deeper";
  std::filesystem::create_directories(deep);
  auto server = ControlServer::start(deep, [](const RemoteCall&, Output& out, const std::stop_token&) {
    out.print("here");
    return 0;
  });
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_TRUE(std::filesystem::exists(deep + "/control.sock"));
  EXPECT_EQ(output_of(deep, {{"status"}, "/", {}, {}}), "here");
}

TEST_F(DataFolderTest, ASocketOfADeadProcessIsReplaced) {
  // A socket file that nobody listens at: what kill -9 leaves behind.
  {
    auto dead = ControlServer::start(folder_, [](const RemoteCall&, Output&, const std::stop_token&) { return 0; });
    std::filesystem::rename(folder_ + "/control.sock", folder_ + "/kept");
  }
  std::filesystem::rename(folder_ + "/kept", folder_ + "/control.sock");
  EXPECT_EQ(call_holder(folder_, {{"status"}, "/", {}, {}}, {0, 1, 2, {}, {}}).error().code, ErrorCode::kUnavailable);
  auto server = ControlServer::start(folder_, [](const RemoteCall&, Output&, const std::stop_token&) { return 3; });
  ASSERT_TRUE(server);
  EXPECT_EQ(call_holder(folder_, {{"status"}, "/", {}, {}}, {0, 1, 2, {}, {}}).value(), 3);
}

TEST_F(DataFolderTest, WhenTheHolderEndsItsCallsComeToTheirEndFirst) {
  std::latch running(1), go_on(1);
  auto server = ControlServer::start(folder_, [&](const RemoteCall&, Output&, const std::stop_token&) {
    running.count_down();
    go_on.wait();
    return 5;
  });
  ASSERT_TRUE(server);
  int status = -1;
  std::thread caller([&] { status = call_holder(folder_, {{"import"}, "/", {}, {}}, {0, 1, 2, {}, {}}).value_or(-2); });
  running.wait();
  std::thread finishing([&] { (*server)->finish(); });
  go_on.count_down();
  finishing.join();
  caller.join();
  EXPECT_EQ(status, 5);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/control.sock"));
}

TEST_F(DataFolderTest, ACallIsCancelledWhenItsCallerGoesAway) {
  std::latch running(1), cancelled(1);
  auto server = ControlServer::start(folder_, [&](const RemoteCall&, Output&, const std::stop_token& stop) {
    const std::stop_callback tell(stop, [&] { cancelled.count_down(); });
    running.count_down();
    cancelled.wait();
    return 1;
  });
  ASSERT_TRUE(server);
  const auto child = fork();
  if (child == 0) {
    static_cast<void>(call_holder(folder_, {{"query"}, "/", {}, {}}, {0, 1, 2, {}, {}}));
    _exit(0);
  }
  running.wait();
  kill(child, SIGKILL);
  cancelled.wait();  // the test's own time-out is the deadline
  int status = 0;
  waitpid(child, &status, 0);
}

}  // namespace
}  // namespace guidepost::app
