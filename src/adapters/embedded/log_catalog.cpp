#include "adapters/embedded/log_catalog.hpp"

#include <random>

#include "guidepost/base/codec.hpp"

namespace guidepost::embedded {
namespace {

constexpr std::uint8_t kFormat = 1;

}  // namespace

TopicState StoredTopic::state() const {
  return {spec.name, id, spec.partitions, spec.retention, spec.log_append_time, false};
}

std::string topic_key(std::string_view name) { return std::string(kTopics).append(name); }
std::string begin_key(TopicNumber topic, Partition partition) { return "b" + partition_prefix(topic, partition); }
std::string commit_key(TopicNumber topic, Partition partition, std::string_view group) {
  return ("c" + partition_prefix(topic, partition)).append(group);
}

std::string encode_topic(const StoredTopic& topic) {
  ByteWriter out;
  out.u8(kFormat);
  out.varint(topic.number);
  out.text(topic.id);
  out.varint(static_cast<std::uint64_t>(topic.spec.partitions));
  out.zigzag(topic.spec.retention.count());
  out.varint(topic.spec.max_record.value);
  out.u8(topic.spec.log_append_time ? 1 : 0);
  return std::move(out).take();
}

std::optional<StoredTopic> decode_topic(std::string_view name, std::string_view value) {
  ByteReader in(value);
  if (in.u8() != kFormat) return std::nullopt;
  StoredTopic topic;
  topic.spec.name = name;
  topic.number = static_cast<TopicNumber>(in.varint());
  topic.id = in.text();
  topic.spec.partitions = static_cast<std::int32_t>(in.varint());
  topic.spec.retention = std::chrono::milliseconds{in.zigzag()};
  topic.spec.max_record = Bytes{in.varint()};
  topic.spec.log_append_time = in.u8() == 1;
  if (!in.ok() || !in.at_end() || !check(topic.spec)) return std::nullopt;
  return topic;
}

std::string encode_commit(const Commit& commit) {
  ByteWriter out;
  out.u8(kFormat);
  out.zigzag(commit.position.value);
  out.bytes(commit.metadata);
  return std::move(out).take();
}

std::optional<Commit> decode_commit(std::string_view value) {
  ByteReader in(value);
  if (in.u8() != kFormat) return std::nullopt;
  Commit commit;
  commit.position = Offset{in.zigzag()};
  commit.metadata = in.bytes(in.remaining());
  if (!in.ok()) return std::nullopt;
  return commit;
}

std::string random_topic_id() {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 22; ++i) id.push_back(kDigits[random() % kDigits.size()]);
  return id;
}

void LogCatalog::add(StoredTopic topic, std::vector<LogBounds> partitions) {
  std::lock_guard lock(mutex_);
  auto name = topic.spec.name;
  topics_[std::move(name)] = {std::move(topic), std::move(partitions)};
}

void LogCatalog::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  topics_.erase(name);
}

std::optional<StoredTopic> LogCatalog::topic(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto found = topics_.find(name);
  return found == topics_.end() ? std::nullopt : std::optional(found->second.topic);
}

std::vector<std::string> LogCatalog::names() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  names.reserve(topics_.size());
  for (const auto& [name, _] : topics_) names.push_back(name);
  return names;
}

Result<Place> LogCatalog::find(const TopicPartition& partition) const {
  std::lock_guard lock(mutex_);
  const auto found = topics_.find(partition.topic);
  const auto number = partition.partition.value;
  if (found == topics_.end() || number < 0 || number >= found->second.topic.spec.partitions) {
    return fail(ErrorCode::kNotFound,
                "there is no partition " + std::to_string(number) + " of a topic " + partition.topic);
  }
  const auto& topic = found->second.topic;
  return Place{topic.number,
               partition.partition,
               topic.id,
               topic.spec.log_append_time,
               topic.spec.max_record,
               found->second.partitions[static_cast<std::size_t>(number)]};
}

void LogCatalog::set_begin(const TopicPartition& partition, Offset begin) {
  std::lock_guard lock(mutex_);
  topics_.at(partition.topic).partitions.at(static_cast<std::size_t>(partition.partition.value)).begin = begin;
}

void LogCatalog::set_end(const TopicPartition& partition, Offset end) {
  std::lock_guard lock(mutex_);
  topics_.at(partition.topic).partitions.at(static_cast<std::size_t>(partition.partition.value)).end = end;
}

}  // namespace guidepost::embedded
