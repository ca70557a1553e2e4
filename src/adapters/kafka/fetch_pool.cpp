#include "adapters/kafka/fetch_pool.hpp"

#include <fmt/format.h>
#include <thread>

#include "adapters/kafka/errors.hpp"

namespace guidepost::kafka {

struct FetchSlot::Shared {
  struct Member {
    std::shared_ptr<Client> client;
    std::set<TopicPartition> busy;
  };

  Properties properties;
  std::mutex mutex;
  std::vector<Member> members;

  std::shared_ptr<Client> take(const TopicPartition& partition) {
    std::lock_guard lock(mutex);
    for (auto& member : members) {
      if (member.busy.insert(partition).second) return member.client;
    }
    auto client = std::make_shared<Client>(RD_KAFKA_CONSUMER, properties, nullptr);
    members.push_back({client, {partition}});
    return client;
  }

  /// Clients stay for the next reader: there are as many as there were readers of one partition at once.
  void give_back(const std::shared_ptr<Client>& client, const TopicPartition& partition) {
    std::lock_guard lock(mutex);
    for (auto& member : members) {
      if (member.client == client) member.busy.erase(partition);
    }
  }

  /// Ending a client may take a second; several end at once.
  ~Shared() {
    std::vector<std::thread> ending;
    ending.reserve(members.size());
    for (auto& member : members) ending.emplace_back([client = std::move(member.client)]() mutable { client.reset(); });
    for (auto& thread : ending) thread.join();
  }
};

FetchSlot::FetchSlot(std::shared_ptr<Shared> pool, std::shared_ptr<Client> client, TopicPartition partition)
    : pool_(std::move(pool)),
      client_(std::move(client)),
      partition_(std::move(partition)),
      topic_(rd_kafka_topic_new(client_->get(), partition_.topic.c_str(), nullptr)),
      queue_(rd_kafka_queue_new(client_->get())) {}

FetchSlot::~FetchSlot() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  if (started_) rd_kafka_consume_stop(topic_.get(), partition_.partition.value);
  queue_.reset();
  topic_.reset();
  pool_->give_back(client_, partition_);
}

Result<void> FetchSlot::start(Offset from) {
  if (!topic_) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("`{}` cannot be the name of a topic", partition_.topic));
  }
  if (rd_kafka_consume_start_queue(topic_.get(), partition_.partition.value, from.value, queue_.get()) != 0) {
    return tl::unexpected(error_of(rd_kafka_last_error(), fmt::format("fetching {}[{}] from {}", partition_.topic,
                                                                      partition_.partition.value, from.value)));
  }
  started_ = true;
  return {};
}

FetchPool::FetchPool(const KafkaOptions& options) : shared_(std::make_shared<FetchSlot::Shared>()) {
  shared_->properties = fetch_properties(options);
}

std::unique_ptr<FetchSlot> FetchPool::take(const TopicPartition& partition) {
  return std::unique_ptr<FetchSlot>(new FetchSlot(shared_, shared_->take(partition), partition));
}

}  // namespace guidepost::kafka
