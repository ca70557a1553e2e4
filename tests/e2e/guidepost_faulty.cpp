// The program with a fault, for tests that must see it: ingest never gets every 500th record of the raw topic. Its own
// target, of everything that `guidepost` is made of; no flag or setting puts the fault into `guidepost` itself.
#include "app/main.hpp"
#include "app/options.hpp"

namespace guidepost::test {
namespace {

constexpr std::int64_t kDropped = 500;

/// A batch without the dropped records: their offsets are holes.
class LossyBatch final : public LogBatch {
 public:
  explicit LossyBatch(std::unique_ptr<LogBatch> whole) : whole_(std::move(whole)) {
    from_ = whole_->from();
    next_ = whole_->next();
    for (const auto& record : whole_->records()) {
      if ((record.offset.value + 1) % kDropped != 0) records_.push_back(record);
    }
  }

 private:
  std::unique_ptr<LogBatch> whole_;  // the views point into it
};

class LossyMember final : public GroupMember {
 public:
  explicit LossyMember(std::unique_ptr<GroupMember> member) : member_(std::move(member)) {}
  void committed(Partition partition, Completion<std::optional<Commit>> done) override {
    member_->committed(partition, std::move(done));
  }
  void start(Partition partition, Offset from) override { member_->start(partition, from); }
  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    auto lose = [done = std::move(done)](Result<std::unique_ptr<LogBatch>> batch) mutable {
      if (batch) batch = std::make_unique<LossyBatch>(std::move(*batch));
      done(std::move(batch));
    };
    member_->fetch(partition, limits, {inline_executor(), std::move(lose)});
  }
  void commit(Partition partition, Commit commit, Completion<void> done) override {
    member_->commit(partition, std::move(commit), std::move(done));
  }
  void leave(Completion<void> done) override { member_->leave(std::move(done)); }

 private:
  std::unique_ptr<GroupMember> member_;
};

class LossyEventLog final : public EventLog {
 public:
  LossyEventLog(std::unique_ptr<EventLog> log, std::string topic) : log_(std::move(log)), topic_(std::move(topic)) {}
  void create_topic(TopicSpec spec, Completion<TopicState> done) override {
    log_->create_topic(std::move(spec), std::move(done));
  }
  void delete_topic(std::string topic, Completion<void> done) override {
    log_->delete_topic(std::move(topic), std::move(done));
  }
  void describe_topic(std::string topic, Completion<std::optional<TopicState>> done) override {
    log_->describe_topic(std::move(topic), std::move(done));
  }
  void bounds(TopicPartition partition, Completion<LogBounds> done) override {
    log_->bounds(std::move(partition), std::move(done));
  }
  void offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) override {
    log_->offset_at(std::move(partition), time, std::move(done));
  }
  void committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) override {
    log_->committed(std::move(group), std::move(partition), std::move(done));
  }
  std::unique_ptr<LogReader> read(TopicPartition partition, Offset from) override {
    return log_->read(std::move(partition), from);
  }
  std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) override {
    const bool lossy = options.topic == topic_;
    auto member = log_->join(std::move(options), listener, where);
    if (!lossy) return member;
    return std::make_unique<LossyMember>(std::move(member));
  }
  std::unique_ptr<LogProducer> producer(ProducerOptions options) override { return log_->producer(options); }
  void ping(Completion<void> done) override { log_->ping(std::move(done)); }

 private:
  std::unique_ptr<EventLog> log_;
  std::string topic_;
};

Result<app::Stores> open_lossy_stores(const Config& config) {
  auto stores = app::open_stores(config);
  if (stores) stores->log = std::make_unique<LossyEventLog>(std::move(stores->log), app::names_of(config).raw_topic());
  return stores;
}

}  // namespace
}  // namespace guidepost::test

int main(int argc, char** argv) { return guidepost::app::run(argc, argv, guidepost::test::open_lossy_stores); }
