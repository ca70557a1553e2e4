// Stores that pass every call on: what a test's program changes about one of them, it overrides.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::test {

class ForwardingMember : public GroupMember {
 public:
  explicit ForwardingMember(std::unique_ptr<GroupMember> member) : member_(std::move(member)) {}
  void committed(Partition partition, Completion<std::optional<Commit>> done) override {
    member_->committed(partition, std::move(done));
  }
  void start(Partition partition, Offset from) override { member_->start(partition, from); }
  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    member_->fetch(partition, limits, std::move(done));
  }
  void commit(Partition partition, Commit commit, Completion<void> done) override {
    member_->commit(partition, std::move(commit), std::move(done));
  }
  void leave(Completion<void> done) override { member_->leave(std::move(done)); }

 private:
  std::unique_ptr<GroupMember> member_;
};

class ForwardingProducer : public LogProducer {
 public:
  explicit ForwardingProducer(std::unique_ptr<LogProducer> producer) : producer_(std::move(producer)) {}
  void append(NewRecord record, Completion<Offset> done) override {
    producer_->append(std::move(record), std::move(done));
  }
  Bytes in_flight_bytes() const override { return producer_->in_flight_bytes(); }

 private:
  std::unique_ptr<LogProducer> producer_;
};

class ForwardingLog : public EventLog {
 public:
  explicit ForwardingLog(std::unique_ptr<EventLog> log) : log_(std::move(log)) {}
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
    return log_->join(std::move(options), listener, where);
  }
  std::unique_ptr<LogProducer> producer(ProducerOptions options) override { return log_->producer(options); }
  void ping(Completion<void> done) override { log_->ping(std::move(done)); }

 private:
  std::unique_ptr<EventLog> log_;
};

class ForwardingTables : public TableStore {
 public:
  explicit ForwardingTables(std::unique_ptr<TableStore> tables) : tables_(std::move(tables)) {}
  void create_table(TableSpec spec, Completion<void> done) override {
    tables_->create_table(std::move(spec), std::move(done));
  }
  void drop_table(std::string table, Completion<void> done) override {
    tables_->drop_table(std::move(table), std::move(done));
  }
  void list_tables(std::string prefix, Completion<std::vector<std::string>> done) override {
    tables_->list_tables(std::move(prefix), std::move(done));
  }
  void put(std::string table, std::vector<RowPut> rows, Completion<void> done) override {
    tables_->put(std::move(table), std::move(rows), std::move(done));
  }
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override {
    tables_->get(std::move(table), std::move(rows), std::move(done));
  }
  void scan(std::string table, ScanRequest request, Completion<ScanPage> done) override {
    tables_->scan(std::move(table), std::move(request), std::move(done));
  }
  void check_and_put(std::string table, CheckAndPut request, Completion<bool> done) override {
    tables_->check_and_put(std::move(table), std::move(request), std::move(done));
  }
  void ping(Completion<void> done) override { tables_->ping(std::move(done)); }

 private:
  std::unique_ptr<TableStore> tables_;
};

}  // namespace guidepost::test
