#include "contract/event_log/adapter.hpp"
#include "support/fake_event_log.hpp"

namespace guidepost::contract {
namespace {

class FakeAdapter final : public EventLogAdapter {
 public:
  EventLog& log() override { return log_; }
  void restart() override {}  // memory has no restart: what is stored stays
  void append_holes(const TopicPartition& partition) override { log_.append_hole(partition, 3); }
  void truncate_before(const TopicPartition& partition, Offset begin) override {
    log_.truncate_before(partition, begin);
  }
  std::chrono::milliseconds shortest_session() const override { return std::chrono::milliseconds{300}; }
  std::chrono::milliseconds patience() const override { return std::chrono::seconds{20}; }

 private:
  ThreadExecutor timer_{"fake-log-timer"};
  test::FakeEventLog log_{timer_};
};

const bool kAdded =
    add_adapter("fake", [] { return Result<std::unique_ptr<EventLogAdapter>>(std::make_unique<FakeAdapter>()); });

}  // namespace
}  // namespace guidepost::contract
