#include "adapters/kafka/admin.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "adapters/kafka/errors.hpp"
#include "base/assert.hpp"

namespace guidepost::kafka {
namespace {

/// An error of the request as a whole.
std::optional<Error> failed(rd_kafka_event_t* event, const std::string& what) {
  const auto code = rd_kafka_event_error(event);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  Error error = question_error(code, what);
  if (const char* text = rd_kafka_event_error_string(event)) error.message += fmt::format(": {}", text);
  return error;
}

template <class T>
T* only(T* const* list, std::size_t count) {
  return count == 1 ? list[0] : nullptr;
}

Result<void> topic_result(const rd_kafka_topic_result_t* result, const std::string& what) {
  if (result == nullptr) return fail(ErrorCode::kFailed, what + ": no answer for the topic");
  const auto code = rd_kafka_topic_result_error(result);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  Error error = error_of(code, what);
  if (const char* text = rd_kafka_topic_result_error_string(result)) error.message += fmt::format(": {}", text);
  return tl::unexpected(std::move(error));
}

Result<std::optional<TopicFacts>> facts_of(const rd_kafka_TopicDescription_t* topic) {
  const rd_kafka_error_t* error = rd_kafka_TopicDescription_error(topic);
  const auto code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
  if (sort(code) == ErrorCode::kNotFound) return std::nullopt;
  // A topic that was just made has partitions without a leader for a moment; the count is what matters.
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
    return tl::unexpected(question_error(code, fmt::format("describing {}", rd_kafka_TopicDescription_name(topic))));
  }
  TopicFacts facts;
  if (const auto* id = rd_kafka_TopicDescription_topic_id(topic)) facts.id = rd_kafka_Uuid_base64str(id);
  std::size_t count = 0;
  const auto** partitions = rd_kafka_TopicDescription_partitions(topic, &count);
  facts.partitions = static_cast<std::int32_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_TopicPartitionInfo_leader(partitions[i]) == nullptr) ++facts.without_leader;
  }
  return facts;
}

Result<std::vector<std::optional<TopicFacts>>> facts_in(rd_kafka_event_t* event,
                                                        const std::vector<std::string>& asked) {
  std::size_t count = 0;
  const auto** topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
  std::vector<std::optional<TopicFacts>> all(asked.size());
  for (std::size_t i = 0; i < count; ++i) {
    auto facts = facts_of(topics[i]);
    if (!facts) return tl::unexpected(facts.error());
    for (std::size_t a = 0; a < asked.size(); ++a) {
      if (asked[a] == rd_kafka_TopicDescription_name(topics[i])) all[a] = *facts;
    }
  }
  return all;
}

std::int64_t number(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<TopicConfig> config_in(rd_kafka_event_t* event, const std::string& what) {
  std::size_t count = 0;
  const auto* resource =
      only(rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count), count);
  if (resource == nullptr) return fail(ErrorCode::kFailed, what + ": no answer for the topic");
  if (const auto code = rd_kafka_ConfigResource_error(resource)) return tl::unexpected(question_error(code, what));
  TopicConfig config;
  const auto** entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = rd_kafka_ConfigEntry_name(entries[i]);
    const char* raw = rd_kafka_ConfigEntry_value(entries[i]);
    const std::string_view value = raw ? raw : "";
    if (name == "message.timestamp.type") config.log_append_time = value == "LogAppendTime";
    if (name == "cleanup.policy" && value != "delete") config.drops_early = true;
    if (name == "retention.bytes" && number(value, -1) >= 0) config.drops_early = true;
    if (name == "retention.ms") config.retention = std::chrono::milliseconds{number(value, -1)};
    if (name == "max.message.bytes") config.max_record = Bytes{static_cast<std::uint64_t>(number(value, 0))};
  }
  return config;
}

PartitionsHandle one_partition(const TopicPartition& of, std::int64_t offset) {
  PartitionsHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), of.topic.c_str(), of.partition.value)->offset = offset;
  return list;
}

Result<std::optional<Offset>> offset_in(rd_kafka_event_t* event, const std::string& what) {
  std::size_t count = 0;
  const auto* info = only(rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count), count);
  if (info == nullptr) return fail(ErrorCode::kFailed, what + ": no answer for the partition");
  const auto* partition = rd_kafka_ListOffsetsResultInfo_topic_partition(info);
  if (partition->err) return tl::unexpected(question_error(partition->err, what));
  return partition->offset < 0 ? std::nullopt : std::optional(Offset{partition->offset});
}

Result<std::optional<Commit>> commit_in(rd_kafka_event_t* event, const std::string& what) {
  std::size_t count = 0;
  const auto* group = only(
      rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count),
      count);
  if (group == nullptr) return fail(ErrorCode::kFailed, what + ": no answer for the group");
  if (const auto* error = rd_kafka_group_result_error(group)) {
    const auto code = rd_kafka_error_code(error);
    if (sort(code) == ErrorCode::kNotFound) return std::nullopt;
    if (code) return tl::unexpected(question_error(code, what));
  }
  const auto* list = rd_kafka_group_result_partitions(group);
  if (list == nullptr || list->cnt != 1) return std::nullopt;
  const auto& partition = list->elems[0];
  if (sort(partition.err) == ErrorCode::kNotFound) return std::nullopt;
  if (partition.err) return tl::unexpected(question_error(partition.err, what));
  if (partition.offset < 0) return std::nullopt;
  const std::string_view text(static_cast<const char*>(partition.metadata), partition.metadata_size);
  return Commit{Offset{partition.offset}, from_commit_text(text)};
}

}  // namespace

Admin::Admin(const KafkaOptions& options)
    : timeout_(options.request_timeout), client_(RD_KAFKA_PRODUCER, admin_properties(options), nullptr) {}

AdminOptionsHandle Admin::request(rd_kafka_admin_op_t op, Client::Reply reply) {
  AdminOptionsHandle options(rd_kafka_AdminOptions_new(client_.get(), op));
  char text[256];
  const auto ms = static_cast<int>(std::max<std::int64_t>(timeout_.count(), 1));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), ms, text, sizeof text);
  rd_kafka_AdminOptions_set_opaque(options.get(), client_.expect(std::move(reply)));
  return options;
}

void Admin::describe(const std::vector<std::string>& topics, std::optional<std::int32_t> broker,
                     Then<std::vector<std::optional<TopicFacts>>> then) {
  std::vector<const char*> names;
  names.reserve(topics.size());
  for (const auto& topic : topics) names.push_back(topic.c_str());
  TopicNamesHandle collection(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
  auto options =
      request(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, [topics, then = std::move(then)](rd_kafka_event_t* event) mutable {
        if (auto error = failed(event, "describing topics")) return then(tl::unexpected(*error));
        then(facts_in(event, topics));
      });
  char text[256];
  if (broker) rd_kafka_AdminOptions_set_broker(options.get(), *broker, text, sizeof text);
  rd_kafka_DescribeTopics(client_.get(), collection.get(), options.get(), client_.replies());
}

void Admin::config(const std::string& topic, Then<TopicConfig> then) {
  const auto what = fmt::format("reading the configuration of {}", topic);
  ConfigResourceHandle resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  auto options =
      request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, [what, then = std::move(then)](rd_kafka_event_t* event) mutable {
        if (auto error = failed(event, what)) return then(tl::unexpected(*error));
        then(config_in(event, what));
      });
  rd_kafka_ConfigResource_t* one = resource.get();
  rd_kafka_DescribeConfigs(client_.get(), &one, 1, options.get(), client_.replies());
}

void Admin::create(const TopicSpec& spec, Then<void> then) {
  const auto what = fmt::format("making topic {}", spec.name);
  char text[256];
  NewTopicHandle topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, text, sizeof text));
  if (!topic) return then(fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", what, text)));
  const auto set = [&](const char* key, const std::string& value) {
    rd_kafka_NewTopic_set_config(topic.get(), key, value.c_str());
  };
  set("cleanup.policy", "delete");
  set("retention.bytes", "-1");  // whatever the brokers do by default
  set("retention.ms", std::to_string(std::max<std::int64_t>(spec.retention.count(), -1)));
  set("max.message.bytes", std::to_string(spec.max_record.value));
  set("message.timestamp.type", spec.log_append_time ? "LogAppendTime" : "CreateTime");
  auto options =
      request(RD_KAFKA_ADMIN_OP_CREATETOPICS, [what, then = std::move(then)](rd_kafka_event_t* event) mutable {
        if (auto error = failed(event, what)) return then(tl::unexpected(*error));
        std::size_t count = 0;
        const auto** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        then(topic_result(only(results, count), what));
      });
  rd_kafka_NewTopic_t* one = topic.get();
  rd_kafka_CreateTopics(client_.get(), &one, 1, options.get(), client_.replies());
}

void Admin::remove(const std::string& topic, Then<void> then) {
  const auto what = fmt::format("deleting topic {}", topic);
  DeleteTopicHandle named(rd_kafka_DeleteTopic_new(topic.c_str()));
  auto options =
      request(RD_KAFKA_ADMIN_OP_DELETETOPICS, [what, then = std::move(then)](rd_kafka_event_t* event) mutable {
        if (auto error = failed(event, what)) return then(tl::unexpected(*error));
        std::size_t count = 0;
        const auto** results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
        then(topic_result(only(results, count), what));
      });
  rd_kafka_DeleteTopic_t* one = named.get();
  rd_kafka_DeleteTopics(client_.get(), &one, 1, options.get(), client_.replies());
}

void Admin::offset(const TopicPartition& of, LogPlace place, Then<std::optional<Offset>> then) {
  const auto what = fmt::format("asking the bounds of {}[{}]", of.topic, of.partition.value);
  auto list = one_partition(of, place.spec);
  auto options =
      request(RD_KAFKA_ADMIN_OP_LISTOFFSETS, [what, then = std::move(then)](rd_kafka_event_t* event) mutable {
        if (auto error = failed(event, what)) return then(tl::unexpected(*error));
        then(offset_in(event, what));
      });
  // What readers can read: not past an open transaction.
  const ErrorHandle refused(
      rd_kafka_AdminOptions_set_isolation_level(options.get(), RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED));
  GUIDEPOST_ASSERT(!refused);
  rd_kafka_ListOffsets(client_.get(), list.get(), options.get(), client_.replies());
}

void Admin::group_commit(const std::string& group, const TopicPartition& of, Then<std::optional<Commit>> then) {
  const auto what = fmt::format("asking the commit of {} for {}[{}]", group, of.topic, of.partition.value);
  auto list = one_partition(of, RD_KAFKA_OFFSET_INVALID);
  GroupOffsetsHandle question(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
  auto options = request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
                         [what, then = std::move(then)](rd_kafka_event_t* event) mutable {
                           if (auto error = failed(event, what)) return then(tl::unexpected(*error));
                           then(commit_in(event, what));
                         });
  rd_kafka_ListConsumerGroupOffsets_t* one = question.get();
  rd_kafka_ListConsumerGroupOffsets(client_.get(), &one, 1, options.get(), client_.replies());
}

void Admin::brokers(Then<std::vector<std::int32_t>> then) {
  auto options = request(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, [then = std::move(then)](rd_kafka_event_t* event) mutable {
    if (auto error = failed(event, "asking for the brokers")) return then(tl::unexpected(*error));
    std::size_t count = 0;
    const auto** nodes = rd_kafka_DescribeCluster_result_nodes(rd_kafka_event_DescribeCluster_result(event), &count);
    std::vector<std::int32_t> ids;
    ids.reserve(count);
    for (std::size_t i = 0; i < count; ++i) ids.push_back(rd_kafka_Node_id(nodes[i]));
    then(std::move(ids));
  });
  rd_kafka_DescribeCluster(client_.get(), options.get(), client_.replies());
}

}  // namespace guidepost::kafka
