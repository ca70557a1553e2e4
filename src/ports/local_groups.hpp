// Consumer groups whose members live in one process: for logs without a coordinator of their own.
#pragma once

#include <memory>
#include <string>

#include "guidepost/ports/event_log.hpp"

namespace guidepost {

/// Where a log keeps the positions of its groups.
/// Thread: any. Blocks: never.
class CommitStore {
 public:
  virtual ~CommitStore() = default;
  /// Stored in the order of the calls. `topic_id`: as the member was assigned it. Errors: kNotFound, kTopicChanged.
  virtual void store_commit(std::string group, TopicPartition partition, std::string topic_id, Commit commit,
                            Completion<void> done) = 0;
};

/// Says which member owns which partition, as the GroupListener's contract has it: ranges of
/// partitions over the members in the order of their names (those without: in the order of joining,
/// after the named ones); only what moves is revoked.
/// Thread: any. Blocks: never, but the destructor of a member while its listener is being called.
class LocalGroups {
 public:
  /// `log` answers describe_topic, read and committed. `timer` runs deadlines, and must not run tasks inline.
  LocalGroups(EventLog& log, CommitStore& commits, Executor& timer);
  ~LocalGroups();
  LocalGroups(const LocalGroups&) = delete;
  LocalGroups& operator=(const LocalGroups&) = delete;

  std::unique_ptr<GroupMember> join(GroupOptions options, GroupListener& listener, Executor& where);
  /// The topic was deleted: its members fail with kNotFound. Call it without holding a lock of the log.
  void topic_deleted(const std::string& topic);
  /// Takes a partition away from its owner at once, as a session that timed out does, and assigns it
  /// again: to the next member by name, or to the same one where there is no other.
  void lose(const std::string& group, const TopicPartition& partition);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace guidepost
