#include "sim/world.hpp"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "base/text.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/index_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "rollup/sketch.hpp"
#include "sim/zombie_member.hpp"

namespace guidepost::test {

using worker::PartitionWorker;

namespace {

constexpr TimeMs kEpoch = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

/// Its rules take long to read, and each process has the same; with a small cache, for processes come and go.
const enrich::Enricher& plain_enricher() {
  static const auto enricher = [] {
    enrich::EnrichOptions options;
    options.user_agent_cache = 64_KiB;
    return enrich::Enricher::open(options).value();
  }();
  return enricher;
}

}  // namespace

World::World(std::int32_t partition_count) : partitions(partition_count) {
  log.set_append_time(kEpoch + std::chrono::hours{12});
  log.make_topic(names.raw_topic(), partitions);
  log.make_topic(names.resolved_topic(), partitions);
  for (const auto& spec : worker::all_tables(names, kEpoch, {})) {
    std::vector<std::string> families;
    for (const auto& family : spec.families) families.push_back(family.name);
    tables.make_table(spec.name, families, spec.families.front().versions);
  }
}

Offset World::raw(std::string value, Partition partition, std::string key) {
  return log.append_now({names.raw_topic(), partition}, std::move(key), std::move(value));
}

void World::copy_input(World& to) const {
  const auto copy = [&](const std::string& table, std::string_view prefix) {
    for (const auto& row : tables.peek_all(table)) {
      if (!row.key.starts_with(prefix)) continue;
      RowPut put{row.key, {}};
      for (const auto& cell : row.cells) put.cells.push_back({cell.family, cell.qualifier, cell.timestamp, cell.value});
      if (!await<void>([&](auto done) { to.tables.put(table, {std::move(put)}, std::move(done)); }))
        throw std::runtime_error("a row cannot be copied");
    }
  };
  copy(names.mapping(), "");
  copy(names.state(), "run/");
  for (std::int32_t p = 0; p < partitions; ++p) {
    const TopicPartition raw{names.raw_topic(), Partition{p}};
    Offset next{0};
    for (const auto& [offset, record] : log.stored(raw)) {
      if (offset > next) to.log.append_hole(raw, offset - next);
      to.log.append_now(raw, record.key, record.value, record.time);
      next = offset + 1;
    }
    const auto end = log.bounds_of(raw).end;
    if (end > next) to.log.append_hole(raw, end - next);
  }
}

void World::settle(std::chrono::milliseconds time) { executor.advance(time); }

/// A member of one group, and its partitions' state machines, on the test's executor.
class Process::Stage final : public GroupListener {
 public:
  using Make = std::function<std::shared_ptr<PartitionWorker>(Partition, std::string, GroupMember&)>;
  Stage(Process& process, GroupOptions options, Make make) : process_(process), make_(std::move(make)) {
    auto& world = process_.world_;
    const auto topic = options.topic;
    member_ = std::make_unique<sim::ZombieMember>(world.log.join(std::move(options), *this, world.executor), world.log,
                                                  topic, world.executor);
  }
  ~Stage() override {
    for (auto& [partition, worker] : workers_) worker->close();
    member_.reset();
  }
  void assigned(Partition partition, std::string topic_id) override {
    auto worker = make_(partition, std::move(topic_id), *member_);
    if (auto& old = workers_[partition]) old->close();
    workers_[partition] = worker;
    worker->start();
  }
  void revoking(Partition partition, Task done) override {
    if (process_.zombie_) return done();
    const auto found = workers_.find(partition);
    if (found == workers_.end()) return done();
    found->second->drain(std::move(done));
  }
  void lost(Partition partition) override {
    if (process_.zombie_) return;
    if (auto found = workers_.find(partition); found != workers_.end()) found->second->close();
  }
  void failed(Error error) override { process_.failures_.push_back(std::move(error)); }
  sim::ZombieMember& member() { return *member_; }
  const std::map<Partition, std::shared_ptr<PartitionWorker>>& workers() const { return workers_; }

 private:
  Process& process_;
  Make make_;
  std::unique_ptr<sim::ZombieMember> member_;
  std::map<Partition, std::shared_ptr<PartitionWorker>> workers_;
};

Process::Process(World& world, worker::IngestOptions ingest, worker::AggregateOptions aggregate)
    : world_(world),
      ingest_options_(std::move(ingest)),
      aggregate_options_(std::move(aggregate)),
      state_(world.tables, world.names),
      decoder_(ingest_options_.limits),
      enricher_(plain_enricher().another()),
      producer_(world.log),
      resolver_({.mapping_table = world.names.mapping(),
                 .state_table = world.names.state(),
                 .cache = ingest_options_.mapping_cache},
                world.tables, world.executor) {
  const auto failed = [this](Partition, Error error) { failures_.push_back(std::move(error)); };
  ingest_ = std::make_unique<Stage>(
      *this, GroupOptions{.group = world.names.ingest_group(), .topic = world.names.raw_topic(), .member = {}},
      [this, failed](Partition partition, std::string topic_id, GroupMember& member) {
        worker::IngestPartition::Needs needs{world_.executor, world_.log, member,    state_,          producer_,
                                             resolver_,       decoder_,   enricher_, ingest_options_, world_.names};
        auto made = std::make_shared<worker::IngestPartition>(needs, partition, std::move(topic_id), failed);
        made->show_metrics();
        return made;
      });
  aggregate_ = std::make_unique<Stage>(
      *this, GroupOptions{.group = world.names.aggregate_group(), .topic = world.names.resolved_topic(), .member = {}},
      [this, failed](Partition partition, std::string, GroupMember& member) {
        worker::AggregatePartition::Needs needs{world_.executor,    member,      world_.log, world_.tables, state_,
                                                aggregate_options_, world_.names};
        auto made = std::make_shared<worker::AggregatePartition>(needs, partition, failed);
        made->show_metrics();
        return made;
      });
}

Process::~Process() = default;

void Process::become_zombie(bool goes_on) {
  zombie_ = true;
  if (!goes_on) return;
  ingest_->member().go_on_unheard();
  aggregate_->member().go_on_unheard();
}

bool Process::drain() {
  int left = 0;
  for (auto* stage : {ingest_.get(), aggregate_.get()}) {
    stage->member().leave({world_.executor, [&left](const Result<void>&) { ++left; }});
    world_.settle();
  }
  return left == 2;
}

worker::PartitionStatus Process::ingest_status(Partition partition) const {
  return ingest_->workers().at(partition)->status();
}

worker::PartitionStatus Process::aggregate_status(Partition partition) const {
  return aggregate_->workers().at(partition)->status();
}

namespace {

// A line for each thing, written straight into one text: a history compares two worlds, and this was an eighth of its time.
using Text = fmt::memory_buffer;

template <class... Parts>
void add(Text& text, fmt::format_string<const Parts&...> format, const Parts&... parts) {
  fmt::format_to(fmt::appender(text), format, parts...);
}

template <class Number>
void add_number(Text& text, std::string_view before, Number number) {
  const fmt::format_int digits(number);
  text.append(before);
  text.append(digits.data(), digits.data() + digits.size());
}

void describe(const rollup::StoredEntry& entry, Text& text) {
  add(text, "{} {} {} '{}':", rollup::to_string(entry.dimension), event::to_string(entry.traffic), entry.bucket.value,
      text::escape(entry.value));
  for (const auto counter : entry.counters) add_number(text, " ", counter);
  for (const auto& stored : entry.distinct)
    add_number(text, " ~", rollup::DistinctCount::load(stored).value().estimate());
}

/// Pages of one row, by source: chunk 0 and the chunks that its valid_bits name.
void describe_page_row(const Row& row, Text& text) {
  std::map<SourceId, std::map<std::pair<int, int>, std::string_view>> chunks;
  for (const auto& cell : row.cells) {
    const auto [id, source] = rollup::parse_page_qualifier(cell.qualifier).value();
    chunks[source].try_emplace({id.bits, id.chunk}, cell.value);  // newest first
  }
  const auto key = rollup::parse_page_row(row.key).value();
  for (const auto& [source, cells] : chunks) {
    const auto first = rollup::decode_chunk(cells.at({0, 0})).value();
    for (const auto& [id, bytes] : cells) {
      if (id.second != 0 && id.first != first.valid_bits) continue;
      const auto chunk = rollup::decode_chunk(bytes).value();
      for (const auto& entry : chunk.entries) {
        add(text, "page {} {} chunk {}/{} ", key.merchant, key.bucket.value, id.first, id.second);
        describe(entry, text);
        text.push_back('\n');
      }
    }
  }
}

/// What an index row names, whether that is there, and its cells. (Numbers of sources are given out in any order.)
void describe_index_row(const Row& row, const FakeTableStore& tables, const std::string& events, Text& text) {
  if (const auto event = event::parse_event_index_row(row.key)) {
    const bool there = !tables.peek(events, event::event_row_key(*event)).empty();
    add(text, "index event {} {} {} {} {}", event->merchant, text::escape(event->guid), text::rfc3339(event->time),
        event->offset.value, there ? "there" : "missing");
  } else {
    const auto device = event::parse_device_index_row(row.key).value();
    add(text, "index device {} {} {}", device.merchant, text::escape(device.customer), text::escape(device.guid));
  }
  for (const auto& cell : row.cells) add(text, " {}:{}={}@{}", cell.family, cell.qualifier, cell.value, cell.timestamp);
  text.push_back('\n');
}

}  // namespace

std::string readable(const FakeTableStore& tables, const Names& names) {
  Text text;
  const auto month = Month::of(kEpoch);
  for (const auto m : {month, month.next()}) {
    for (const auto& row : tables.peek_all(names.rollups(m))) describe_page_row(row, text);
    for (const auto& row : tables.peek_all(names.events(m))) {
      const auto key = event::parse_event_row_key(row.key).value();
      add(text, "event {} {} {}\n", key.merchant, text::rfc3339(key.time), key.offset.value);
      for (const auto& cell : row.cells)
        add(text, "  {}:{}={}\n", cell.family, cell.qualifier, text::escape(cell.value));
    }
    for (const auto& row : tables.peek_all(names.index(m))) describe_index_row(row, tables, names.events(m), text);
  }
  for (const auto& row : tables.peek_all(names.bad())) {
    const auto key = event::parse_bad_row_key(row.key).value();
    add(text, "bad {} {} {}\n", key.merchant, text::rfc3339(key.received), key.offset.value);
  }
  for (const auto& row : tables.peek_all(names.ledger())) {
    std::map<std::string, bool> seen;
    for (const auto& cell : row.cells) {
      if (!seen.emplace(cell.qualifier, true).second) continue;
      const auto counts = event::decode_ledger(cell.value).value();
      add(text, "ledger {} '{}': {} {} {} {}{}\n",
          event::parse_ledger_row(row.key).value().day.time_since_epoch().count(), cell.qualifier, counts.counted,
          counts.bad, counts.duplicate, counts.skipped, counts.lost > 0 ? fmt::format(" {} lost", counts.lost) : "");
    }
  }
  return fmt::to_string(text);
}

std::string first_difference(const std::string& got, const std::string& expected) {
  if (got == expected) return {};
  std::istringstream a(got);
  std::istringstream b(expected);
  std::string in_a;
  std::string in_b;
  while (true) {
    const bool more_a = static_cast<bool>(std::getline(a, in_a));
    const bool more_b = static_cast<bool>(std::getline(b, in_b));
    if (!more_a && !more_b) return {};
    if (in_a != in_b || more_a != more_b) return "got '" + in_a + "' instead of '" + in_b + "'";
  }
}

std::string page_view(std::string_view guid, int minute, std::string_view event_id, std::string_view path) {
  return fmt::format(
      R"({{"event_id":"{}","type":"page_view","time":"{}","merchant":"shop","guid":"{}","url":"https://shop.example{}","country":"DE"}})",
      event_id, text::rfc3339(kEpoch + std::chrono::minutes{minute}), guid, path);
}

}  // namespace guidepost::test
