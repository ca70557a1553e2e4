// Questions and changes that concern the log as a whole, each answered once on a librdkafka thread.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kafka/client.hpp"

namespace guidepost::kafka {

/// What the brokers' metadata says of a topic.
struct TopicFacts {
  std::string id;
  std::int32_t partitions = 0;
  std::int32_t without_leader = 0;
};

/// The part of a topic's configuration that matters to us.
struct TopicConfig {
  std::chrono::milliseconds retention{};
  bool log_append_time = false;
  bool drops_early = false;  ///< cleanup.policy is another than delete, or retention.bytes is set
  Bytes max_record{};  ///< of a batch of records as it is stored
};

/// A place in a partition: one of its ends, or the first record of a time or later.
struct LogPlace {
  std::int64_t spec = 0;  ///< librdkafka's RD_KAFKA_OFFSET_SPEC_..., or milliseconds since 1970
  static LogPlace begin() { return {RD_KAFKA_OFFSET_SPEC_EARLIEST}; }
  static LogPlace end() { return {RD_KAFKA_OFFSET_SPEC_LATEST}; }
  static LogPlace at(TimeMs time) { return {std::max<std::int64_t>(0, unix_ms(time))}; }
};

/// Thread: any. Blocks: never. Each `then` is called once, on a librdkafka thread, or dropped when
/// this is closed.
class Admin {
 public:
  template <class T>
  using Then = UniqueFunction<void(Result<T>)>;

  explicit Admin(const KafkaOptions& options);

  /// In the order of `topics`; nothing where there is no such topic. `broker` asks that one.
  void describe(const std::vector<std::string>& topics, std::optional<std::int32_t> broker,
                Then<std::vector<std::optional<TopicFacts>>> then);
  void config(const std::string& topic, Then<TopicConfig> then);
  void create(const TopicSpec& spec, Then<void> then);
  void remove(const std::string& topic, Then<void> then);
  /// Of a time that no record has: nothing.
  void offset(const TopicPartition& of, LogPlace place, Then<std::optional<Offset>> then);
  void group_commit(const std::string& group, const TopicPartition& of, Then<std::optional<Commit>> then);
  void brokers(Then<std::vector<std::int32_t>> then);

 private:
  AdminOptionsHandle request(rd_kafka_admin_op_t op, Client::Reply reply);

  std::chrono::milliseconds timeout_;
  Client client_;
};

}  // namespace guidepost::kafka
