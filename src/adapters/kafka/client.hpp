// One librdkafka client: its configuration, its log lines, its background thread's events.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/kafka/config.hpp"
#include "adapters/kafka/handles.hpp"
#include "guidepost/base/task.hpp"

namespace guidepost::kafka {

/// What a client's owner hears besides answers to its own questions.
class ClientEvents {
 public:
  /// Delivery reports. Thread: the client's background thread.
  virtual void delivered(rd_kafka_event_t*) {}
  /// The client is dead. Thread: the client's background thread.
  virtual void died(Error) {}
  /// A rebalance of the group. Thread: whoever polls the consumer.
  virtual void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t, const rd_kafka_topic_partition_list_t*) {}

 protected:
  ~ClientEvents() = default;
};

/// Thread: any, but the destructor not on a thread of librdkafka. Blocks: the destructor, until
/// librdkafka's threads have ended. Waiting answers are dropped then (what that means: see Answer).
class Client {
 public:
  /// Called once on the client's background thread, or dropped.
  using Reply = UniqueFunction<void(rd_kafka_event_t*)>;

  /// Throws std::invalid_argument for a property that librdkafka refuses. `events` may be null.
  Client(rd_kafka_type_t type, const Properties& properties, ClientEvents* events);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return rk_; }
  /// The queue whose events go to waiting replies.
  rd_kafka_queue_t* replies() const { return background_.get(); }
  /// Registers a reply; the result is the opaque to give to librdkafka with the request.
  void* expect(Reply reply);

  /// Throws as the constructor does for each property alone, without making a client.
  static void check(const Properties& properties);

 private:
  static void on_event(rd_kafka_t*, rd_kafka_event_t* raw, void* self);
  static void on_rebalance(rd_kafka_t* rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t* list, void* self);
  void answer(rd_kafka_event_t* event, void* id);
  void report(rd_kafka_event_t* event);

  ClientEvents* events_;
  std::mutex mutex_;
  std::map<void*, std::unique_ptr<Reply>> waiting_;  // by the address of the reply
  rd_kafka_t* rk_ = nullptr;
  QueueHandle background_;
};

}  // namespace guidepost::kafka
