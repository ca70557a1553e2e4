// What the event log's contract suite needs of an adapter. An adapter joins by one file that calls add_adapter:
//
//   const bool kAdded = add_adapter("kafka", [] { return open_kafka(); });
//
// Files named real_server_*.cpp are only in the program of ctest's label `contract`, the others also in `unit`.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "guidepost/ports/event_log.hpp"

namespace guidepost::contract {

/// One log for one test: opened before it, destroyed after it. Topics and groups of the tests have
/// names that no other test uses, so that tests may share a server.
class EventLogAdapter {
 public:
  virtual ~EventLogAdapter() = default;

  virtual EventLog& log() = 0;
  /// Closes the log and opens it again, as a restart of the process would. Nothing made by the old one is in use.
  virtual void restart() = 0;
  /// Appends at least one hole if this log can have holes at all: an aborted transaction, a marker.
  virtual void append_holes(const TopicPartition& partition) = 0;
  /// Makes the log begin at `begin`, as retention does. May take its time; the suite polls.
  virtual void truncate_before(const TopicPartition& partition, Offset begin) = 0;
  /// Whether it may look while a topic is deleted and not made again yet, and then says that there is none.
  virtual bool looks_in_between() const { return false; }
  /// The shortest session time-out that it allows.
  virtual std::chrono::milliseconds shortest_session() const = 0;
  /// How long the suite waits for what should happen "soon".
  virtual std::chrono::milliseconds patience() const = 0;
};

/// Errors: anything that keeps the adapter from running makes the test fail, with the message. A server
/// that is not there says so and names `./dev contract`.
using EventLogOpener = std::function<Result<std::unique_ptr<EventLogAdapter>>()>;

struct NamedEventLog {
  std::string name;
  EventLogOpener open;
};

inline std::ostream& operator<<(std::ostream& out, const NamedEventLog& one) { return out << one.name; }

std::vector<NamedEventLog>& adapters();

inline bool add_adapter(std::string name, EventLogOpener open) {
  adapters().push_back({std::move(name), std::move(open)});
  return true;
}

}  // namespace guidepost::contract
