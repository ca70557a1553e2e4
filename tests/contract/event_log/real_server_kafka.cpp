#include "contract/event_log/adapter.hpp"
#include "contract/event_log/kafka_server.hpp"

namespace guidepost::contract {
namespace {

class KafkaAdapter final : public EventLogAdapter {
 public:
  explicit KafkaAdapter(std::string brokers) : brokers_(std::move(brokers)) { open(); }

  EventLog& log() override { return *log_; }
  void restart() override {
    log_.reset();
    open();
  }
  void append_holes(const TopicPartition& partition) override {
    const std::string value = "never to be read";
    ForeignProducer foreign(brokers_, fresh_name("holes"));
    foreign.begin();
    foreign.send(partition, nullptr, &value);
    foreign.flush();
    foreign.abort();
  }
  void truncate_before(const TopicPartition& partition, Offset begin) override {
    ForeignProducer(brokers_, "").delete_before(partition, begin);
  }
  bool looks_in_between() const override { return true; }
  std::chrono::milliseconds shortest_session() const override { return std::chrono::milliseconds(2000); }
  std::chrono::milliseconds patience() const override { return std::chrono::seconds(40); }

 private:
  void open() { log_ = std::make_unique<kafka::KafkaEventLog>(kafka_options(brokers_)); }

  std::string brokers_;
  std::unique_ptr<kafka::KafkaEventLog> log_;
};

const bool kAdded = add_adapter("kafka", []() -> Result<std::unique_ptr<EventLogAdapter>> {
  if (shared_brokers().empty()) {
    return fail(ErrorCode::kUnavailable, "no broker in GUIDEPOST_KAFKA__BROKERS; `./dev contract` starts one");
  }
  return std::make_unique<KafkaAdapter>(shared_brokers());
});

}  // namespace
}  // namespace guidepost::contract
