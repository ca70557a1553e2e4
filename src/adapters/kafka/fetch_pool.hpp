// Clients that fetch. A client reads each partition once; whoever reads the same partition beside
// gets another client, so that one connection usually serves all.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "adapters/kafka/client.hpp"

namespace guidepost::kafka {

/// The right to fetch one partition with one client.
/// Thread: any. Blocks: the destructor, until the fetcher has stopped (milliseconds).
class FetchSlot {
 public:
  ~FetchSlot();
  FetchSlot(const FetchSlot&) = delete;
  FetchSlot& operator=(const FetchSlot&) = delete;

  /// Begins to fetch into `queue`. Once.
  Result<void> start(Offset from);
  rd_kafka_queue_t* queue() const { return queue_.get(); }
  /// Messages must not outlive the client.
  std::shared_ptr<Client> client() const { return client_; }

 private:
  friend class FetchPool;
  struct Shared;
  FetchSlot(std::shared_ptr<Shared> pool, std::shared_ptr<Client> client, TopicPartition partition);

  std::shared_ptr<Shared> pool_;
  std::shared_ptr<Client> client_;
  TopicPartition partition_;
  TopicHandle topic_;
  QueueHandle queue_;
  bool started_ = false;
};

/// Thread: any. Blocks: never.
class FetchPool {
 public:
  explicit FetchPool(const KafkaOptions& options);
  std::unique_ptr<FetchSlot> take(const TopicPartition& partition);

 private:
  std::shared_ptr<FetchSlot::Shared> shared_;
};

}  // namespace guidepost::kafka
