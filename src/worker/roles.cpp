#include "worker/roles.hpp"

#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/ingest/ingest_metrics.hpp"
#include "worker/ingest/ingest_partition.hpp"

namespace guidepost::worker {

/// What the partitions of one thread share. The executor is last: it stops before the rest goes.
struct IngestRole::Thread {
  Thread(std::string name, const IngestOptions& options, const Names& names, EventLog& log, TableStore& tables,
         enrich::Enricher e)
      : decoder(options.limits), enricher(std::move(e)), producer(log), executor(std::move(name)) {
    identity::ResolverOptions resolving{
        .mapping_table = names.mapping(), .state_table = names.state(), .cache = options.mapping_cache};
    resolver = std::make_unique<identity::Resolver>(std::move(resolving), tables, executor);
  }
  ~Thread() { executor.stop(); }
  event::Decoder decoder;
  enrich::Enricher enricher;
  ProducerSlot producer;
  std::unique_ptr<identity::Resolver> resolver;
  ThreadExecutor executor;
};

IngestRole::IngestRole() = default;

IngestRole::~IngestRole() {
  if (group_) group_->stop(std::chrono::milliseconds{0});
}

Result<std::unique_ptr<IngestRole>> IngestRole::make(RoleOptions role, IngestOptions options, EventLog& log,
                                                     TableStore& tables, GroupRole::Failed failed) {
  ingest_metrics();
  std::unique_ptr<IngestRole> made(new IngestRole());
  made->names_ = role.names;
  made->options_ = std::move(options);
  made->state_ = std::make_unique<StateTable>(tables, role.names);
  std::vector<Executor*> executors;
  const auto enricher = enrich::Enricher::open(made->options_.enrich);
  if (!enricher) return tl::unexpected(enricher.error());
  for (int i = 0; i < role.threads; ++i) {
    made->threads_.push_back(std::make_unique<Thread>("ingest-" + std::to_string(i), made->options_, made->names_, log,
                                                      tables, enricher->another()));
    executors.push_back(&made->threads_.back()->executor);
  }
  auto* self = made.get();
  auto make = [self, &log, shown = role.shown](Partition partition, std::string topic_id, GroupMember& member,
                                               std::size_t thread) {
    auto& t = *self->threads_[thread];
    IngestPartition::Needs needs{t.executor,  log,       member,     *self->state_,  t.producer,
                                 *t.resolver, t.decoder, t.enricher, self->options_, self->names_};
    auto made = std::make_shared<IngestPartition>(
        needs, partition, std::move(topic_id),
        [self](Partition p, Error error) { self->group_->partition_failed(p, std::move(error)); });
    if (shown) made->show_metrics();
    return made;
  };
  GroupOptions group{.group = role.names.ingest_group(), .topic = role.names.raw_topic(), .member = role.member};
  made->group_ = std::make_unique<GroupRole>("ingest", log, std::move(group), std::move(executors), std::move(make),
                                             std::move(failed));
  return made;
}

void IngestRole::start() { group_->start(); }
bool IngestRole::stop(std::chrono::milliseconds deadline) { return group_->stop(deadline); }
std::vector<PartitionStatus> IngestRole::status() const { return group_->status(); }
bool IngestRole::ready() const { return group_->ready(); }

AggregateRole::AggregateRole(RoleOptions role, AggregateOptions options, EventLog& log, TableStore& tables,
                             GroupRole::Failed failed)
    : names_(role.names), options_(std::move(options)), state_(tables, role.names) {
  aggregate_metrics();
  std::vector<Executor*> executors;
  for (int i = 0; i < role.threads; ++i) {
    threads_.push_back(std::make_unique<ThreadExecutor>("aggregate-" + std::to_string(i)));
    executors.push_back(threads_.back().get());
  }
  auto make = [this, &log, &tables, shown = role.shown](Partition partition, std::string, GroupMember& member,
                                                        std::size_t thread) {
    AggregatePartition::Needs needs{*threads_[thread], member, log, tables, state_, options_, names_};
    auto made = std::make_shared<AggregatePartition>(
        needs, partition, [this](Partition p, Error error) { group_->partition_failed(p, std::move(error)); });
    if (shown) made->show_metrics();
    return made;
  };
  GroupOptions group{
      .group = role.names.aggregate_group(), .topic = role.names.resolved_topic(), .member = role.member};
  group_ = std::make_unique<GroupRole>("aggregate", log, std::move(group), std::move(executors), std::move(make),
                                       std::move(failed));
}

AggregateRole::~AggregateRole() {
  group_->stop(std::chrono::milliseconds{0});
  for (auto& thread : threads_) thread->stop();
}

void AggregateRole::start() { group_->start(); }
bool AggregateRole::stop(std::chrono::milliseconds deadline) { return group_->stop(deadline); }
void AggregateRole::flush() { group_->flush(); }
std::vector<PartitionStatus> AggregateRole::status() const { return group_->status(); }
bool AggregateRole::ready() const { return group_->ready(); }

}  // namespace guidepost::worker
