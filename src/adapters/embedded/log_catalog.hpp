// Which topics the embedded event log has and where their partitions begin and end; how both are stored.
//
// Keys in the column family `default`:
//   n                                    next topic number, be32
//   t/<name>                             a topic: encode_topic
//   b <topic number> <partition>         first offset, be64, where it is not 0
//   c <topic number> <partition> <group> a commit: encode_commit
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/embedded/log_chunk.hpp"
#include "guidepost/ports/event_log.hpp"

namespace guidepost::embedded {

struct StoredTopic {
  TopicSpec spec;
  std::string id;
  TopicNumber number = 0;

  TopicState state() const;
};

/// A partition as a call finds it.
struct Place {
  TopicNumber number = 0;
  Partition partition;
  std::string topic_id;
  bool log_append_time = false;
  Bytes max_record;
  LogBounds bounds;
};

std::string topic_key(std::string_view name);
std::string begin_key(TopicNumber topic, Partition partition);
std::string commit_key(TopicNumber topic, Partition partition, std::string_view group);
constexpr std::string_view kNextTopicNumber = "n";
constexpr std::string_view kTopics = "t/";

/// Version byte 1, number, id, partitions, retention in ms (zigzag), largest record, append time (1 or 0).
std::string encode_topic(const StoredTopic& topic);
std::optional<StoredTopic> decode_topic(std::string_view name, std::string_view value);
/// Version byte 1, position (zigzag), metadata.
std::string encode_commit(const Commit& commit);
std::optional<Commit> decode_commit(std::string_view value);

/// 128 random bits as 22 characters, as Kafka's ids.
std::string random_topic_id();

/// Thread: any.
class LogCatalog {
 public:
  void add(StoredTopic topic, std::vector<LogBounds> partitions);
  void remove(const std::string& name);
  std::optional<StoredTopic> topic(const std::string& name) const;
  std::vector<std::string> names() const;
  /// Errors: kNotFound (topic or partition).
  Result<Place> find(const TopicPartition& partition) const;
  void set_begin(const TopicPartition& partition, Offset begin);
  void set_end(const TopicPartition& partition, Offset end);

 private:
  struct Entry {
    StoredTopic topic;
    std::vector<LogBounds> partitions;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry> topics_;
};

}  // namespace guidepost::embedded
