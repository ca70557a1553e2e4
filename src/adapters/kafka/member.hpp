#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "adapters/kafka/admin.hpp"
#include "adapters/kafka/cursor.hpp"
#include "adapters/kafka/topic_watch.hpp"

namespace guidepost::kafka {

/// What members and readers share.
struct Shared {
  const KafkaOptions& options;
  Admin& admin;
  FetchPool& pool;
  TopicWatch& watch;
  Executor& loop;
};

/// Two clients do the work: one of its own is the member of the group (it joins, hears of
/// partitions and commits, and never fetches), those of the pool fetch. So a rebalance and a fetch
/// have nothing in common that could go wrong, and a partition begins exactly where it is told to.
///
/// A thread of its own polls the group. While `revoking` is answered it waits, which keeps the group
/// waiting too; commits do not need it.
class KafkaGroupMember final : public GroupMember, private ClientEvents {
 public:
  KafkaGroupMember(Shared shared, GroupOptions options, GroupListener& listener, Executor& where);
  ~KafkaGroupMember() override;

  void committed(Partition partition, Completion<std::optional<Commit>> done) override;
  void start(Partition partition, Offset from) override;
  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override;
  void commit(Partition partition, Commit commit, Completion<void> done) override;
  void leave(Completion<void> done) override;

 private:
  class Told;
  class Watched;
  struct Revocation;
  struct Owned {
    bool revoking = false;
    std::shared_ptr<Cursor> cursor;  // none before `start`
  };

  void run();
  bool wait_for_topic();
  bool subscribe();
  void poll();
  void finish();
  void close_consumer();
  void rebalanced(rd_kafka_t* rk, rd_kafka_resp_err_t err, const rd_kafka_topic_partition_list_t* list) override;
  void assign(const rd_kafka_topic_partition_list_t& list);
  void revoke();
  void lose();
  void give_up(Error error);
  void take_error(const rd_kafka_message_t& message);
  bool stopping();
  void wake(const std::unique_lock<std::mutex>& held);
  void topic_is(const std::string& id);
  Error not_owned(Partition partition) const;

  const Shared shared_;
  const GroupOptions options_;
  std::unique_ptr<Told> told_;
  std::shared_ptr<Watched> watched_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string topic_id_;  // empty until the topic was seen
  std::map<Partition, Owned> owned_;
  std::shared_ptr<Revocation> revocation_;  // while the thread waits for one
  std::optional<Answer<void>> leave_;
  bool closing_ = false;
  bool finished_ = false;  // the thread is past the group
  std::optional<Error> failure_;
  std::unique_ptr<Client> client_;  // made by the thread
  QueueHandle queue_;               // what the thread polls
  std::thread thread_;
};

}  // namespace guidepost::kafka
