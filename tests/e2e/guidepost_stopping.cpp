// The program that stops at a point, for tests of what happens then: each step of the protocol is a call of a port, and a point is
// the moment before one is made, or when it has been carried out and the daemon has not heard of it. The environment
// says which: GUIDEPOST_STOP_AT="<call> <where> <before|after> <count> <KILL|STOP>", as in "put rollups after 3 KILL".
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "app/main.hpp"
#include "support/forwarding.hpp"

namespace guidepost::test {
namespace {

/// The point, and how often it has been reached.
class Point {
 public:
  Point() {
    const char* wish = std::getenv("GUIDEPOST_STOP_AT");
    std::istringstream words(wish == nullptr ? "" : wish);
    std::string when, signal;
    int count = 0;
    if (!(words >> call_ >> where_ >> when >> count >> signal)) {
      std::fputs("GUIDEPOST_STOP_AT: <call> <where> <before|after> <count> <KILL|STOP>\n", stderr);
      std::exit(2);
    }
    after_ = when == "after";
    left_ = count;
    signal_ = signal == "STOP" ? SIGSTOP : SIGKILL;
  }

  /// `what`: the topic, or the table and its first row.
  bool is(std::string_view call, std::string_view what) const {
    return call == call_ && what.find(where_) != std::string_view::npos;
  }
  void before() {
    if (!after_) reach();
  }
  void after() {
    if (after_) reach();
  }

 private:
  void reach() {
    if (--left_ != 0) return;
    std::fprintf(stderr, "stops_here\n");
    kill(getpid(), signal_);
  }

  std::string call_, where_;
  bool after_ = false;
  std::atomic<int> left_ = 0;
  int signal_ = 0;
};

Point& point() {
  static Point instance;
  return instance;
}

/// `done`, which reaches the point behind the call before it is told.
template <class T>
Completion<T> at_point(std::string_view call, std::string_view what, Completion<T> done) {
  if (!point().is(call, what)) return done;
  point().before();
  return {inline_executor(), [done = std::move(done)](Result<T> result) mutable {
            if (result) point().after();
            done(std::move(result));
          }};
}

class StoppingMember final : public ForwardingMember {
 public:
  StoppingMember(std::unique_ptr<GroupMember> member, std::string topic)
      : ForwardingMember(std::move(member)), topic_(std::move(topic)) {}
  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    ForwardingMember::fetch(partition, limits, at_point("fetch", topic_, std::move(done)));
  }
  void commit(Partition partition, Commit commit, Completion<void> done) override {
    ForwardingMember::commit(partition, std::move(commit), at_point("commit", topic_, std::move(done)));
  }

 private:
  std::string topic_;
};

class StoppingProducer final : public ForwardingProducer {
 public:
  using ForwardingProducer::ForwardingProducer;
  void append(NewRecord record, Completion<Offset> done) override {
    done = at_point("append", record.to.topic, std::move(done));
    ForwardingProducer::append(std::move(record), std::move(done));
  }
};

class StoppingLog final : public ForwardingLog {
 public:
  using ForwardingLog::ForwardingLog;
  std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where) override {
    const auto topic = options.topic;
    return std::make_unique<StoppingMember>(ForwardingLog::join(std::move(options), listener, where), topic);
  }
  std::unique_ptr<LogProducer> producer(ProducerOptions options) override {
    return std::make_unique<StoppingProducer>(ForwardingLog::producer(options));
  }
};

class StoppingTables final : public ForwardingTables {
 public:
  using ForwardingTables::ForwardingTables;
  void put(std::string table, std::vector<RowPut> rows, Completion<void> done) override {
    done = at_point("put", table + " " + (rows.empty() ? "" : rows.front().row), std::move(done));
    ForwardingTables::put(std::move(table), std::move(rows), std::move(done));
  }
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override {
    done = at_point("get", table, std::move(done));
    ForwardingTables::get(std::move(table), std::move(rows), std::move(done));
  }
};

Result<app::Stores> open_stopping_stores(const Config& config) {
  auto stores = app::open_stores(config);
  if (!stores) return stores;
  stores->log = std::make_unique<StoppingLog>(std::move(stores->log));
  stores->tables = std::make_unique<StoppingTables>(std::move(stores->tables));
  return stores;
}

}  // namespace
}  // namespace guidepost::test

int main(int argc, char** argv) { return guidepost::app::run(argc, argv, guidepost::test::open_stopping_stores); }
