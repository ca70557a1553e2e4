// The program with a fault, for tests that must see it: ingest never gets every 500th record of the raw topic. Its own
// target, of everything that `guidepost` is made of; no flag or setting puts the fault into `guidepost` itself.
#include "app/main.hpp"
#include "app/options.hpp"
#include "support/forwarding.hpp"

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

class LossyMember final : public ForwardingMember {
 public:
  using ForwardingMember::ForwardingMember;
  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    auto lose = [done = std::move(done)](Result<std::unique_ptr<LogBatch>> batch) mutable {
      if (batch) batch = std::make_unique<LossyBatch>(std::move(*batch));
      done(std::move(batch));
    };
    ForwardingMember::fetch(partition, limits, {inline_executor(), std::move(lose)});
  }
};

class LossyLog final : public ForwardingLog {
 public:
  LossyLog(std::unique_ptr<EventLog> log, std::string topic)
      : ForwardingLog(std::move(log)), topic_(std::move(topic)) {}
  std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) override {
    const bool lossy = options.topic == topic_;
    auto member = ForwardingLog::join(std::move(options), listener, where);
    if (!lossy) return member;
    return std::make_unique<LossyMember>(std::move(member));
  }

 private:
  std::string topic_;
};

Result<app::Stores> open_lossy_stores(const Config& config) {
  auto stores = app::open_stores(config);
  if (stores) stores->log = std::make_unique<LossyLog>(std::move(stores->log), app::names_of(config).raw_topic());
  return stores;
}

}  // namespace
}  // namespace guidepost::test

int main(int argc, char** argv) { return guidepost::app::run(argc, argv, guidepost::test::open_lossy_stores); }
