#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/kafka/admin.hpp"
#include "adapters/kafka/answer.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/gate.hpp"

namespace guidepost::kafka {

/// An idempotent producer. A record's memory is given to librdkafka, not copied, until its report.
///
/// The first record to a topic asks for the topic's limit; it and those after it wait for the answer.
/// A broker compares the limit with what is left after compression, batch by batch: of a batch that
/// is too large it refuses every record. Compared here, each record stands for itself.
class KafkaLogProducer final : public LogProducer, private ClientEvents {
 public:
  /// Asks for a topic's configuration: Admin::config, or a test's.
  using AskConfig = std::function<void(const std::string& topic, Admin::Then<TopicConfig> then)>;

  KafkaLogProducer(AskConfig ask_config, Executor& loop, const KafkaOptions& options, const ProducerOptions& producer);
  ~KafkaLogProducer() override;

  void append(NewRecord record, Completion<Offset> done) override;
  Bytes in_flight_bytes() const override { return Bytes{in_flight_}; }

 private:
  struct Open {
    NewRecord record;
    Answer<Offset> done;
    std::list<Open>* lane;
    Executor::Clock::time_point since;
    std::optional<Result<Offset>> result;
    std::uint64_t bytes() const { return record.key.size() + record.value.size(); }
  };
  /// Records of one partition without an answer, in the order of the calls: they are answered in it,
  /// also where one is refused at once and those before it are under way.
  using Lane = std::list<Open>;
  struct Topic {
    TopicHandle handle;
    std::optional<std::uint64_t> max_record;
    bool asking = false;
    std::deque<Open*> held;  // until the limit is known, in order
  };

  void delivered(rd_kafka_event_t* event) override;
  void died(Error error) override;
  void ask(const std::string& name, Topic& topic);
  void learnt(const std::string& name, const Result<TopicConfig>& config);
  void give_up_held(const std::string& name);
  void send(Open& open, Topic& topic);
  rd_kafka_resp_err_t produce(Open& open, Topic& topic);
  void refuse(Open& open, Error error);
  Result<Offset> result_of(const rd_kafka_message_t& message) const;
  void collect(Lane& lane);
  void answer_ready(std::unique_lock<std::mutex> lock);

  const AskConfig ask_config_;
  Executor& loop_;
  const std::chrono::milliseconds give_up_after_;
  std::shared_ptr<Gate<KafkaLogProducer>> gate_;
  std::atomic<std::uint64_t> in_flight_ = 0;
  std::mutex mutex_;
  std::map<TopicPartition, Lane> lanes_;
  std::deque<Open*> backlog_;  // librdkafka had no room for them; in order
  Lane ready_;                 // with a result, in the order in which they are answered
  bool answering_ = false;     // one thread at a time, or their order would be lost
  std::map<std::string, Topic> topics_;
  std::optional<Error> dead_;
  std::unique_ptr<Client> client_;
};

}  // namespace guidepost::kafka
