// The event log on Kafka, through librdkafka.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "guidepost/ports/event_log.hpp"

namespace guidepost::kafka {

struct KafkaOptions {
  std::string brokers;  ///< host:port, with commas
  std::string client_id = "guidepost";
  /// Passed on to librdkafka as they are; only `security.protocol`, `sasl.*`, `ssl.*`,
  /// `enable.sasl.*`, `enable.ssl.*` and `broker.address.family`: what guarantees rest on is not for
  /// the configuration.
  std::map<std::string, std::string> security;
  std::string compression = "lz4";  ///< of appended batches: none, lz4, zstd, snappy, gzip
  /// Fetched ahead for each partition that is read. A fetch response in flight comes on top (1 MiB).
  Bytes prefetch_per_partition{4 * 1024 * 1024};
  Bytes max_record{2 * 1024 * 1024};                  ///< larger ones are kPoison before they are sent
  std::chrono::milliseconds request_timeout{10000};   ///< of a question or a change; then kUnavailable
  std::chrono::milliseconds topic_check{5000};        ///< how often the id of each topic in use is compared
};

/// Thread: any. Blocks: the destructor, until running calls were answered with kCancelled (shortly).
/// Readers, members and producers must be gone before it. The broker may be away at any time, also
/// before it was there at all: calls then answer kUnavailable after `request_timeout`, readers and
/// members wait for it.
///
/// A topic that was deleted and made again is noticed by its id, at the next `topic_check` at the latest
/// and at once where the client saw it missing or the position is not in the new log. What remains: a topic
/// made again between two looks, and already longer than the position, is read for up to `topic_check`.
class KafkaEventLog final : public EventLog {
 public:
  /// Throws std::invalid_argument where an option cannot be (never for a broker that is away).
  explicit KafkaEventLog(KafkaOptions options);
  ~KafkaEventLog() override;

  void create_topic(TopicSpec spec, Completion<TopicState> done) override;
  void delete_topic(std::string topic, Completion<void> done) override;
  void describe_topic(std::string topic, Completion<std::optional<TopicState>> done) override;
  void bounds(TopicPartition partition, Completion<LogBounds> done) override;
  void offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) override;
  void committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) override;
  std::unique_ptr<LogReader> read(TopicPartition partition, Offset from) override;
  std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) override;
  std::unique_ptr<LogProducer> producer(ProducerOptions options) override;
  void ping(Completion<void> done) override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace guidepost::kafka
