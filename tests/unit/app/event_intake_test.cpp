#include "app/event_intake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <future>

#include "guidepost/base/executor.hpp"
#include "support/fake_event_log.hpp"

namespace guidepost::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;
using Call = test::FakeEventLog::Call;

class EventIntakeTest : public ::testing::Test {
 protected:
  EventIntakeTest() { config_.http.log_timeout = 200ms; }

  void make_topic() { log_.make_topic("clicks.raw", 2); }
  void wait_until_ready() {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!intake_->ready() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    ASSERT_TRUE(intake_->ready());
  }
  void start() { intake_ = std::make_unique<EventIntake>(config_, log_); }

  http::Response post(const std::string& body) {
    std::promise<http::Response> promise;
    auto answer = promise.get_future();
    http::Request request;
    request.head.headers = {{"user-agent", "test"}};
    request.body = body;
    request.peer = "192.0.2.77";
    intake_->take(std::move(request), [&promise](http::Response r) { promise.set_value(std::move(r)); });
    return answer.get();
  }
  std::string event(const std::string& id) {
    return R"({"merchant":"shop","type":"click","guid":"g)" + id + R"(","event_id":")" + id + R"(","time":)" +
           std::to_string(unix_ms(timer_.wall())) + "}";
  }
  std::vector<std::string> logged() const {
    std::vector<std::string> values;
    for (const int p : {0, 1}) {
      for (const auto& [offset, record] : log_.stored({"clicks.raw", Partition{p}})) values.push_back(record.value);
    }
    return values;
  }

  Config config_;
  ThreadExecutor timer_{"timer"};
  test::FakeEventLog log_{timer_};
  std::unique_ptr<EventIntake> intake_;
};

TEST_F(EventIntakeTest, WithoutATopicTheSenderIsToldToComeBack) {
  start();
  const auto answer = post(event("1"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("urn:guidepost:log_unavailable"));
  EXPECT_EQ(answer.headers.front().first, "Retry-After");
  make_topic();
  wait_until_ready();
  EXPECT_EQ(post(event("1")).status, 200);
}

TEST_F(EventIntakeTest, EveryEventIsLoggedAlsoThoseThatAreRefused) {
  make_topic();
  start();
  wait_until_ready();
  const auto answer = post("[" + event("1") + ",{\"x\":1},nonsense]");
  EXPECT_EQ(answer.status, 207);
  EXPECT_THAT(answer.body, HasSubstr("\"received\":3,\"refused\":2"));
  const auto values = logged();
  ASSERT_EQ(values.size(), 3U);
  for (const auto& value : values) EXPECT_THAT(value, HasSubstr("192.0.2.0")) << "the address is cut";
}

TEST_F(EventIntakeTest, AnEventIsJudgedAsIngestWillSeeIt) {
  make_topic();
  start();
  wait_until_ready();
  const auto answer = post("{\"received\":1,\"event\":" + event("1") + "}");  // an envelope is no event
  EXPECT_EQ(answer.status, 207);
  EXPECT_THAT(answer.body, HasSubstr("field_missing"));
}

TEST_F(EventIntakeTest, TheSameDeviceStaysInOnePartition) {
  config_.merchant["shop"].shards = 64;
  make_topic();
  start();
  wait_until_ready();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(post(event("same")).status, 200);
  EXPECT_TRUE(log_.stored({"clicks.raw", Partition{0}}).empty() != log_.stored({"clicks.raw", Partition{1}}).empty());
}

TEST_F(EventIntakeTest, ALogThatRefusesIsNo2xx) {
  make_topic();
  start();
  wait_until_ready();
  log_.faults().fail_next(Call::kAppend, 1, ErrorCode::kUnavailable);
  EXPECT_EQ(post("[" + event("1") + "," + event("2") + "]").status, 503);
  EXPECT_EQ(post(event("3")).status, 200);
}

TEST_F(EventIntakeTest, ALogThatIsSilentIsNo2xxEither) {
  make_topic();
  start();
  wait_until_ready();
  log_.faults().hold(Call::kAppend);
  EXPECT_EQ(post(event("1")).status, 503);
  log_.faults().release(Call::kAppend);
}

TEST(ShortenedAddress, KeepsTheNetworkAndNotTheHost) {
  EXPECT_EQ(shortened_address("192.0.2.77"), "192.0.2.0");
  EXPECT_EQ(shortened_address("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
  EXPECT_EQ(shortened_address("nonsense"), "");
}

}  // namespace
}  // namespace guidepost::app
