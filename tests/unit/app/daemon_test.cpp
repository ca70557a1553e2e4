#include "app/roles/daemon.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>
#include <future>
#include <thread>

#include "support/temp_folder.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// The service manager's end of a notify socket.
class Heard {
 public:
  explicit Heard(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(at.sun_path), path.data(), path.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  }
  ~Heard() { ::close(fd_); }
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;

  /// The next message; empty where none comes in time.
  std::string next(std::chrono::milliseconds patience) const {
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(patience.count())) != 1) return {};
    std::string message(4096, '\0');
    const auto size = recv(fd_, message.data(), message.size(), 0);
    return message.substr(0, size < 0 ? 0 : static_cast<std::size_t>(size));
  }
  /// Hears until this message comes.
  bool hears(const std::string& message) const {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < until) {
      if (next(1000ms) == message) return true;
    }
    return false;
  }

  /// Nothing comes any more, but for what was under way.
  bool falls_silent() const {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < until) {
      if (next(1500ms).empty()) return true;
    }
    return false;
  }

 private:
  int fd_;
};

TEST(Daemon, TellsThatItLivesOnlyWhileItsLoopsComeRound) {
  const test::TempFolder folder;
  const auto path = (folder.path() / "notify").string();
  const Heard heard(path);
  ServiceManager manager(path, 400ms);
  const Arguments arguments;
  const LoadedConfig config;
  Output out(Streams{});
  std::stop_source stop;
  const Call call{arguments, config, out, folder.path().string(), stop.get_token(), nullptr, &manager};
  ThreadExecutor stage("a-stage");

  Ending ending(call);
  std::thread daemon([&] { ending.wait([] { return std::string("well"); }); });
  EXPECT_TRUE(heard.hears("READY=1"));
  EXPECT_TRUE(heard.hears("STATUS=well"));
  EXPECT_TRUE(heard.hears("WATCHDOG=1"));

  std::promise<void> release;
  stage.post([&] { release.get_future().wait(); });
  EXPECT_TRUE(heard.falls_silent());
  release.set_value();
  EXPECT_TRUE(heard.hears("WATCHDOG=1"));

  stop.request_stop();
  daemon.join();
  EXPECT_TRUE(heard.hears("STOPPING=1\nSTATUS=draining"));
  manager.status("late");
  manager.reload([] {});
  EXPECT_EQ(heard.next(0ms), "");
}

TEST(Daemon, AReloadBeforeTheStartIsDoneDoesNotCountAsTheStart) {
  const test::TempFolder folder;
  const auto path = (folder.path() / "notify").string();
  const Heard heard(path);
  ServiceManager manager(path);
  bool done = false;
  manager.reload([&] { done = true; });
  EXPECT_TRUE(done);
  EXPECT_EQ(heard.next(0ms), "");
  manager.ready();
  EXPECT_EQ(heard.next(0ms), "READY=1");
  manager.reload([&] { EXPECT_THAT(heard.next(0ms), HasSubstr("RELOADING=1\nMONOTONIC_USEC=")); });
  EXPECT_EQ(heard.next(0ms), "READY=1");
}

TEST(Daemon, AManagerThatIsNotThereIsNoError) {
  ServiceManager nobody("");
  EXPECT_FALSE(nobody.listens());
  nobody.ready();
  ServiceManager gone("/nowhere/notify");
  gone.ready();
  gone.stopping();
  const ServiceManager unknown("vsock:2:1234");
  EXPECT_FALSE(unknown.listens());
}

}  // namespace
}  // namespace guidepost::app
