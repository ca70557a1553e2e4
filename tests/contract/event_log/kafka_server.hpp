// A real broker for tests: the shared one, or one of a test's own that it may kill; and what only a
// foreign producer does to a topic, with librdkafka itself.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/kafka/kafka_event_log.hpp"

namespace guidepost::contract {

/// The broker that `./dev contract` started; empty where there is none.
inline std::string shared_brokers() {
  const char* brokers = std::getenv("GUIDEPOST_KAFKA__BROKERS");
  return brokers ? brokers : "";
}

inline kafka::KafkaOptions kafka_options(const std::string& brokers) {
  kafka::KafkaOptions options;
  options.brokers = brokers;
  options.topic_check = std::chrono::milliseconds(500);
  return options;
}

/// A name that no other test and no earlier run uses.
inline std::string fresh_name(const std::string& what) {
  static int number = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return fmt::format("{}-{}-{}-{}", what, getpid(), ++number, now);
}

/// A broker of one test, to be killed and started again. Ends with the object.
class OwnBroker {
 public:
  OwnBroker() : dir_(std::filesystem::temp_directory_path() / fresh_name("guidepost-broker")) {
    command("up --only broker");
    std::ifstream env(dir_ / "env");
    for (std::string line; std::getline(env, line);) {
      const auto at = line.find("BROKERS=");
      if (at != std::string::npos) brokers_ = line.substr(at + 8);
    }
  }
  ~OwnBroker() { command("down"); }
  OwnBroker(const OwnBroker&) = delete;
  OwnBroker& operator=(const OwnBroker&) = delete;

  const std::string& brokers() const { return brokers_; }
  void kill() { command("kill broker"); }
  void start() { command("start broker"); }

 private:
  void command(const std::string& what) {
    const auto line =
        fmt::format("{}/../deploy/local/cluster {} --dir {} >/dev/null", GUIDEPOST_TESTS, what, dir_.string());
    EXPECT_EQ(std::system(line.c_str()), 0) << line;
  }

  std::filesystem::path dir_;
  std::string brokers_;
};

/// A producer that is not ours: transactions, records as others write them.
class ForeignProducer {
 public:
  /// `transactional_id` empty: without transactions.
  ForeignProducer(const std::string& brokers, const std::string& transactional_id) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "message.max.bytes", "4000000");
    set(conf, "enable.metrics.push", "false");
    set(conf, "reconnect.backoff.max.ms", "500");
    if (!transactional_id.empty()) set(conf, "transactional.id", transactional_id);
    char text[512];
    rk_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text));
    if (!rk_) throw std::runtime_error(text);
    if (!transactional_id.empty()) must(rd_kafka_init_transactions(rk_.get(), 20000));
  }

  void begin() { must(rd_kafka_begin_transaction(rk_.get())); }
  void commit() {
    must(rd_kafka_commit_transaction(rk_.get(), 20000));
    wait_for_markers();
  }
  void abort() {
    must(rd_kafka_abort_transaction(rk_.get(), 20000));
    wait_for_markers();
  }
  /// `key` and `value` may be null, which is not the same as empty.
  void send(const TopicPartition& to, const std::string* key, const std::string* value) {
    rd_kafka_topic_t* topic = rd_kafka_topic_new(rk_.get(), to.topic.c_str(), nullptr);
    const int failed = rd_kafka_produce(topic, to.partition.value, RD_KAFKA_MSG_F_COPY,
                                        value ? const_cast<char*>(value->data()) : nullptr, value ? value->size() : 0,
                                        key ? key->data() : nullptr, key ? key->size() : 0, nullptr);
    const auto code = rd_kafka_last_error();
    rd_kafka_topic_destroy(topic);
    if (failed) throw std::runtime_error(rd_kafka_err2str(code));
    sent_to_.insert(to);
  }
  void flush() {
    if (rd_kafka_flush(rk_.get(), 20000)) throw std::runtime_error("the foreign producer could not flush");
  }

  void grow(const std::string& topic, std::size_t partitions) {
    std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(rd_kafka_queue_new(rk_.get()),
                                                                               rd_kafka_queue_destroy);
    char text[256];
    rd_kafka_NewPartitions_t* question = rd_kafka_NewPartitions_new(topic.c_str(), partitions, text, sizeof text);
    rd_kafka_CreatePartitions(rk_.get(), &question, 1, nullptr, queue.get());
    rd_kafka_NewPartitions_destroy(question);
    answered(rd_kafka_queue_poll(queue.get(), 20000));
  }

  /// Makes a topic with one setting of its own, as an operator might.
  void make_topic(const std::string& topic, const char* key, const char* value) {
    std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(rd_kafka_queue_new(rk_.get()),
                                                                               rd_kafka_queue_destroy);
    char text[256];
    rd_kafka_NewTopic_t* question = rd_kafka_NewTopic_new(topic.c_str(), 1, 1, text, sizeof text);
    rd_kafka_NewTopic_set_config(question, key, value);
    rd_kafka_CreateTopics(rk_.get(), &question, 1, nullptr, queue.get());
    rd_kafka_NewTopic_destroy(question);
    answered(rd_kafka_queue_poll(queue.get(), 20000));
  }

  /// Deletes the records below `begin`, as retention does.
  void delete_before(const TopicPartition& of, Offset begin) {
    std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(rd_kafka_queue_new(rk_.get()),
                                                                               rd_kafka_queue_destroy);
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, of.topic.c_str(), of.partition.value)->offset = begin.value;
    rd_kafka_DeleteRecords_t* question = rd_kafka_DeleteRecords_new(list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_DeleteRecords(rk_.get(), &question, 1, nullptr, queue.get());
    rd_kafka_DeleteRecords_destroy(question);
    answered(rd_kafka_queue_poll(queue.get(), 20000));
  }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* rk) const { rd_kafka_destroy(rk); }
  };
  static void set(rd_kafka_conf_t* conf, const char* key, const std::string& value) {
    char text[512];
    if (rd_kafka_conf_set(conf, key, value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(text);
  }
  using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;
  static Event answered(rd_kafka_event_t* raw) {
    Event event(raw, rd_kafka_event_destroy);
    const auto code = event ? rd_kafka_event_error(raw) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code) throw std::runtime_error(rd_kafka_err2str(code));
    return event;
  }

  /// The coordinator answers that a transaction has ended before it writes so into the partitions.
  void wait_for_markers() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (const auto& partition : std::exchange(sent_to_, {})) {
      while (end(partition, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED) !=
             end(partition, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED)) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("a transaction's marker never came");
      }
    }
  }
  /// Where readers of that level come to the end.
  std::int64_t end(const TopicPartition& of, rd_kafka_IsolationLevel_t level) {
    std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(rd_kafka_queue_new(rk_.get()),
                                                                               rd_kafka_queue_destroy);
    std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)> options(
        rd_kafka_AdminOptions_new(rk_.get(), RD_KAFKA_ADMIN_OP_LISTOFFSETS), rd_kafka_AdminOptions_destroy);
    must(rd_kafka_AdminOptions_set_isolation_level(options.get(), level));
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, of.topic.c_str(), of.partition.value)->offset = RD_KAFKA_OFFSET_SPEC_LATEST;
    rd_kafka_ListOffsets(rk_.get(), list, options.get(), queue.get());
    rd_kafka_topic_partition_list_destroy(list);
    const auto event = answered(rd_kafka_queue_poll(queue.get(), 20000));
    std::size_t count = 0;
    const auto** all = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
    const auto* found = rd_kafka_ListOffsetsResultInfo_topic_partition(all[0]);
    if (found->err) throw std::runtime_error(rd_kafka_err2str(found->err));
    return found->offset;
  }
  static void must(rd_kafka_error_t* error) {
    if (error == nullptr) return;
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    throw std::runtime_error(text);
  }

  std::unique_ptr<rd_kafka_t, Destroy> rk_;
  std::set<TopicPartition> sent_to_;  // in the transaction under way
};

/// Polls to a deadline: true as soon as `reached` is.
template <class Reached>
bool eventually(Reached reached, std::chrono::milliseconds patience = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!reached()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline TopicState make_topic(EventLog& log, TopicSpec spec) {
  return must(await<TopicState>([&](auto done) { log.create_topic(spec, std::move(done)); }));
}

inline Result<std::unique_ptr<LogBatch>> fetch(LogReader& reader, FetchLimits limits = {}) {
  return await<std::unique_ptr<LogBatch>>([&](auto done) { reader.fetch(limits, std::move(done)); });
}

inline Result<Offset> append(LogProducer& producer, const TopicPartition& to, std::string value, std::string key = {}) {
  return await<Offset>([&](auto done) { producer.append({to, key, value, {}}, std::move(done)); });
}

struct Read {
  std::vector<std::string> values;
  std::vector<std::int64_t> offsets;
  Offset next;
};

/// Everything from `from` on until the position `until` is reached.
inline Read read_until(EventLog& log, const TopicPartition& of, Offset from, Offset until) {
  Read all;
  all.next = from;
  auto reader = log.read(of, from);
  EXPECT_TRUE(eventually([&] {
    auto batch = fetch(*reader);
    if (!batch) {
      EXPECT_TRUE(batch.error().retryable()) << batch.error().message;
      return !batch.error().retryable();
    }
    EXPECT_EQ((*batch)->from(), all.next);
    for (const auto& record : (*batch)->records()) {
      all.values.emplace_back(record.value);
      all.offsets.push_back(record.offset.value);
    }
    all.next = (*batch)->next();
    return all.next >= until;
  })) << "stopped at "
      << all.next.value << " of " << until.value;
  return all;
}

/// A member's listener that answers `revoking` at once and remembers everything.
class Recorder final : public GroupListener {
 public:
  void assigned(Partition partition, std::string topic_id) override {
    std::lock_guard lock(mutex_);
    owned_[partition.value] = topic_id;
    ++assignments_;
  }
  void revoking(Partition partition, Task done) override {
    {
      std::lock_guard lock(mutex_);
      owned_.erase(partition.value);
    }
    done();
  }
  void lost(Partition partition) override {
    std::lock_guard lock(mutex_);
    owned_.erase(partition.value);
    ++losses_;
  }
  void failed(Error error) override {
    std::lock_guard lock(mutex_);
    failure_ = error;
  }

  std::size_t owned() const {
    std::lock_guard lock(mutex_);
    return owned_.size();
  }
  std::optional<Error> failure() const {
    std::lock_guard lock(mutex_);
    return failure_;
  }
  std::string topic_id(int partition) const {
    std::lock_guard lock(mutex_);
    return owned_.at(partition);
  }
  int assignments() const {
    std::lock_guard lock(mutex_);
    return assignments_;
  }
  int losses() const {
    std::lock_guard lock(mutex_);
    return losses_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, std::string> owned_;
  std::optional<Error> failure_;
  int assignments_ = 0;
  int losses_ = 0;
};

}  // namespace guidepost::contract
