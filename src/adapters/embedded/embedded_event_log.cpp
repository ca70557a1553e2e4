#include "adapters/embedded/embedded_event_log.hpp"

#include <utility>

#include "adapters/embedded/log_reads.hpp"
#include "adapters/embedded/log_writer.hpp"
#include "base/log.hpp"
#include "ports/local_groups.hpp"

namespace guidepost {
namespace {

class EmbeddedReader final : public LogReader {
 public:
  EmbeddedReader(embedded::FetchDesk& desk, TopicPartition partition, Offset from)
      : desk_(desk), reading_(std::make_shared<embedded::Reading>()) {
    reading_->partition = std::move(partition);
    reading_->position = from;
  }
  ~EmbeddedReader() override { desk_.close(reading_); }
  void fetch(FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    desk_.fetch(reading_, limits, std::move(done));
  }

 private:
  embedded::FetchDesk& desk_;
  std::shared_ptr<embedded::Reading> reading_;
};

class EmbeddedProducer final : public LogProducer {
 public:
  EmbeddedProducer(embedded::LogWriter& writer, ProducerOptions options, Executor& clock)
      : writer_(writer), options_(options), clock_(clock), state_(std::make_shared<embedded::ProducerState>()) {}
  ~EmbeddedProducer() override { state_->closed = true; }

  void append(NewRecord record, Completion<Offset> done) override {
    state_->in_flight += record.key.size() + record.value.size();
    std::optional<Executor::Clock::time_point> give_up;
    if (options_.give_up_after.count() > 0) give_up = clock_.now() + options_.give_up_after;
    writer_.push(embedded::AppendOp{state_, std::move(record), give_up, std::move(done)});
  }
  Bytes in_flight_bytes() const override { return Bytes{state_->in_flight}; }

 private:
  embedded::LogWriter& writer_;
  ProducerOptions options_;
  Executor& clock_;
  std::shared_ptr<embedded::ProducerState> state_;
};

}  // namespace

struct EmbeddedEventLog::Impl : CommitStore {
  Impl(EventLog& log, embedded::Rocks opened, const EmbeddedLogOptions& options)
      : retention_check(options.retention_check),
        rocks(std::move(opened)),
        timer("log-timer"),
        desk(rocks, catalog, pool, timer),
        pool("log-read", options.store.read_threads),
        groups(log, *this, timer),
        writer(rocks, catalog, timer,
               {[this](const TopicPartition& partition) { desk.wake(partition); },
                [this](const std::string& topic) { groups.topic_deleted(topic); }}) {}

  ~Impl() override { timer.stop(); }

  void store_commit(std::string group, TopicPartition partition, std::string topic_id, Commit commit,
                    Completion<void> done) override {
    writer.push(embedded::CommitOp{std::move(group), std::move(partition), std::move(topic_id), std::move(commit),
                                   std::move(done)});
  }

  void expire_regularly() {
    timer.post_after(retention_check, [this] {
      writer.push(embedded::ExpireOp{Completion<void>(timer, [this](Result<void> done) {
        if (!done) log::warn("retention_failed", {{"reason", done.error().message}});
        expire_regularly();
      })});
    });
  }

  std::chrono::milliseconds retention_check;
  embedded::Rocks rocks;
  embedded::LogCatalog catalog;
  ThreadExecutor timer;
  embedded::FetchDesk desk;
  embedded::ReadPool pool;  // after the desk: its last jobs use it
  LocalGroups groups;
  embedded::LogWriter writer;
};

EmbeddedEventLog::EmbeddedEventLog() = default;
EmbeddedEventLog::~EmbeddedEventLog() = default;

Result<std::unique_ptr<EmbeddedEventLog>> EmbeddedEventLog::open(const EmbeddedLogOptions& options, rocksdb::Env* env) {
  auto rocks = embedded::open_rocks(options.store, {"event_log", "chunks", nullptr, nullptr, env});
  if (!rocks) return tl::unexpected(rocks.error());
  std::unique_ptr<EmbeddedEventLog> log(new EmbeddedEventLog);
  log->impl_ = std::make_unique<Impl>(*log, std::move(*rocks), options);
  if (auto ok = log->impl_->writer.load(); !ok) return tl::unexpected(ok.error());
  log->impl_->expire_regularly();
  return log;
}

void EmbeddedEventLog::create_topic(TopicSpec spec, Completion<TopicState> done) {
  if (auto ok = check(spec); !ok) return done(tl::unexpected(ok.error()));
  impl_->writer.push(embedded::CreateTopicOp{std::move(spec), std::move(done)});
}

void EmbeddedEventLog::delete_topic(std::string topic, Completion<void> done) {
  impl_->writer.push(embedded::DeleteTopicOp{std::move(topic), std::move(done)});
}

void EmbeddedEventLog::describe_topic(std::string topic, Completion<std::optional<TopicState>> done) {
  const auto stored = impl_->catalog.topic(topic);
  done(stored ? std::optional(stored->state()) : std::nullopt);
}

void EmbeddedEventLog::bounds(TopicPartition partition, Completion<LogBounds> done) {
  done(impl_->catalog.find(partition).map([](const embedded::Place& place) { return place.bounds; }));
}

void EmbeddedEventLog::offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) {
  const auto place = impl_->catalog.find(partition);
  if (!place) return done(tl::unexpected(place.error()));
  impl_->pool.run([this, place = *place, time, done = std::move(done)]() mutable {
    done(embedded::offset_at(impl_->rocks, place, time));
  });
}

void EmbeddedEventLog::committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) {
  impl_->writer.push(embedded::CommittedOp{std::move(group), std::move(partition), std::move(done)});
}

std::unique_ptr<LogReader> EmbeddedEventLog::read(TopicPartition partition, Offset from) {
  return std::make_unique<EmbeddedReader>(impl_->desk, std::move(partition), from);
}

std::unique_ptr<GroupMember> EmbeddedEventLog::join(GroupOptions options, GroupListener& listener, Executor& where) {
  return impl_->groups.join(std::move(options), listener, where);
}

std::unique_ptr<LogProducer> EmbeddedEventLog::producer(ProducerOptions options) {
  return std::make_unique<EmbeddedProducer>(impl_->writer, options, impl_->timer);
}

void EmbeddedEventLog::ping(Completion<void> done) { done({}); }

void EmbeddedEventLog::truncate_before(TopicPartition partition, Offset begin, Completion<void> done) {
  impl_->writer.push(embedded::TruncateOp{std::move(partition), begin, std::move(done)});
}

void EmbeddedEventLog::expire(Completion<void> done) { impl_->writer.push(embedded::ExpireOp{std::move(done)}); }

void EmbeddedEventLog::checkpoint(std::filesystem::path to, UniqueFunction<Result<void>()> meanwhile,
                                  Completion<void> done) {
  impl_->writer.push(embedded::CheckpointOp{std::move(to), std::move(meanwhile), std::move(done)});
}

}  // namespace guidepost
