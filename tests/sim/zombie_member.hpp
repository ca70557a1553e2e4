// A member that has not heard that its partitions are another one's.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "support/forwarding.hpp"

namespace guidepost::sim {

/// As every member, until it is told to go on unheard: from then on a partition that it loses is read on from the log, as by a client that has
/// fetched ahead. Its commits are refused, as those of anyone who is not in the group.
/// Thread: that of the histories' executor.
class ZombieMember final : public test::ForwardingMember {
 public:
  ZombieMember(std::unique_ptr<GroupMember> member, EventLog& log, std::string topic, Executor& where)
      : ForwardingMember(std::move(member)), state_(std::make_shared<State>(log, std::move(topic), where)) {}

  void go_on_unheard() { state_->unheard = true; }

  void start(Partition partition, Offset from) override {
    state_->places[partition] = {from, nullptr};
    ForwardingMember::start(partition, from);
  }

  void fetch(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override {
    auto& place = state_->places[partition];
    if (place.reader) return state_->read(partition, limits, std::move(done));
    ForwardingMember::fetch(partition, limits,
                            {state_->where, [partition, limits, state = std::weak_ptr(state_),
                                             done = std::move(done)](Result<std::unique_ptr<LogBatch>> batch) mutable {
                               const auto alive = state.lock();
                               if (!alive) return done(std::move(batch));
                               if (batch) alive->places[partition].next = (*batch)->next();
                               const bool lost = !batch && batch.error().code == ErrorCode::kCancelled;
                               if (!lost || !alive->unheard) return done(std::move(batch));
                               alive->read(partition, limits, std::move(done));
                             }});
  }

 private:
  struct Place {
    Offset next;
    std::unique_ptr<LogReader> reader;  ///< null while the group gives records
  };
  struct State {
    State(EventLog& l, std::string t, Executor& w) : log(l), topic(std::move(t)), where(w) {}
    void read(Partition partition, FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) {
      auto& [next, reader] = places[partition];
      if (!reader) reader = log.read({topic, partition}, next);
      reader->fetch(limits, std::move(done));
    }
    EventLog& log;
    std::string topic;
    Executor& where;
    bool unheard = false;
    std::map<Partition, Place> places;
  };
  std::shared_ptr<State> state_;
};

}  // namespace guidepost::sim
