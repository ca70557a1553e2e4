#include "adapters/kafka/kafka_event_log.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "adapters/kafka/admin.hpp"
#include "adapters/kafka/member.hpp"
#include "adapters/kafka/producer.hpp"
#include "adapters/kafka/reader.hpp"

namespace guidepost::kafka {
namespace {

/// Between two looks whether a topic is there on all brokers, or gone from them; and whether a leader leads by now.
constexpr std::chrono::milliseconds kSettlePause{30};

KafkaOptions checked(KafkaOptions options) {
  // What librdkafka refuses is said now, by name, and not by some thread later.
  Client::check(fetch_properties(options));
  Client::check(producer_properties(options, {}));
  return options;
}

}  // namespace

/// Waits until every broker tells the same of a topic: that it is there with all its leaders, or gone.
struct KafkaEventLog::Core {
  explicit Core(KafkaOptions o)
      : options(checked(std::move(o))),
        loop("kafka"),
        admin(options),
        pool(options),
        watch(admin, loop, options.topic_check) {}
  // Questions under way post to the loop, and its tasks ask questions: it ends first, and whatever it
  // held is answered by being dropped.
  ~Core() { loop.stop(); }

  const KafkaOptions options;
  ThreadExecutor loop;
  Admin admin;
  FetchPool pool;
  TopicWatch watch;

  Shared shared() { return Shared{options, admin, pool, watch, loop}; }

  enum class Wanted { kThere, kGone };
  struct Settling {
    std::string topic;
    Wanted wanted;
    Executor::Clock::time_point deadline;
    Answer<void> done;
  };

  void settle(Settling s) {
    admin.brokers([this, s = std::move(s)](Result<std::vector<std::int32_t>> brokers) mutable {
      if (!brokers) return s.done(tl::unexpected(brokers.error()));
      ask(std::move(s), std::move(*brokers));
    });
  }

  void ask(Settling s, std::vector<std::int32_t> brokers) {
    if (brokers.empty()) return s.done({});
    const auto broker = brokers.back();
    const std::vector<std::string> topics{s.topic};
    admin.describe(topics, broker, [this, s = std::move(s), brokers = std::move(brokers)](auto seen) mutable {
      const bool answered = seen.has_value();
      const auto& facts = answered ? seen->front() : std::nullopt;
      const bool there = facts && facts->partitions > 0 && facts->without_leader == 0;
      if (answered && (s.wanted == Wanted::kThere ? there : !facts)) {
        brokers.pop_back();
        return ask(std::move(s), std::move(brokers));
      }
      if (loop.now() >= s.deadline) {
        return s.done(fail(ErrorCode::kTimedOut, fmt::format("not every broker knows yet that topic {} is {}", s.topic,
                                                             s.wanted == Wanted::kThere ? "there" : "gone")));
      }
      loop.post_after(kSettlePause, [this, s = std::move(s), brokers = std::move(brokers)]() mutable {
        ask(std::move(s), std::move(brokers));
      });
    });
  }

  /// `then(Result<void>)` on a librdkafka thread.
  template <class Then>
  void settle(std::string topic, Wanted wanted, Then then) {
    settle(Settling{std::move(topic), wanted, loop.now() + options.request_timeout,
                    Answer<void>(Completion<void>(inline_executor(), std::move(then)))});
  }

  struct Asking {
    TopicPartition of;
    LogPlace place;
    Executor::Clock::time_point deadline;
    Answer<std::optional<Offset>> done;
  };

  /// Brokers tell of a leader before the leader itself knows; until then it refuses.
  void ask_offset(Asking a) {
    const auto of = a.of;
    const auto place = a.place;
    admin.offset(of, place, [this, a = std::move(a)](Result<std::optional<Offset>> found) mutable {
      if (found || !found.error().retryable() || loop.now() >= a.deadline) return a.done(std::move(found));
      loop.post_after(kSettlePause, [this, a = std::move(a)]() mutable { ask_offset(std::move(a)); });
    });
  }

  /// `then(Result<std::optional<Offset>>)` on a librdkafka thread.
  template <class Then>
  void offset(TopicPartition of, LogPlace place, Then then) {
    using Found = std::optional<Offset>;
    ask_offset(Asking{std::move(of), place, loop.now() + options.request_timeout,
                      Answer<Found>(Completion<Found>(inline_executor(), std::move(then)))});
  }

  void describe(std::string topic, Answer<std::optional<TopicState>> done) {
    const std::vector<std::string> topics{topic};
    admin.describe(topics, std::nullopt, [this, topic, done = std::move(done)](auto seen) mutable {
      if (!seen) return done(tl::unexpected(seen.error()));
      if (!seen->front()) return done(std::nullopt);
      admin.config(topic, [topic, facts = *seen->front(), done = std::move(done)](Result<TopicConfig> config) mutable {
        if (!config && config.error().code == ErrorCode::kNotFound) return done(std::nullopt);
        if (!config) return done(tl::unexpected(config.error()));
        done(TopicState{topic, facts.id, facts.partitions, config->retention, config->log_append_time,
                        config->drops_early});
      });
    });
  }

  /// Calls `then()` where the partition exists, else answers `done`.
  template <class T, class Then>
  void require(TopicPartition partition, Answer<T> done, Then then) {
    const std::vector<std::string> topics{partition.topic};
    admin.describe(
        topics, std::nullopt, [partition, done = std::move(done), then = std::move(then)](auto seen) mutable {
          if (!seen) return done(tl::unexpected(seen.error()));
          const auto& facts = seen->front();
          const auto number = partition.partition.value;
          if (!facts || number < 0 || number >= facts->partitions) {
            return done(fail(ErrorCode::kNotFound, fmt::format("there is no {}[{}]", partition.topic, number)));
          }
          then(std::move(done));
        });
  }
};

KafkaEventLog::KafkaEventLog(KafkaOptions options) : core_(std::make_unique<Core>(std::move(options))) {}
KafkaEventLog::~KafkaEventLog() = default;

void KafkaEventLog::create_topic(TopicSpec spec, Completion<TopicState> done) {
  Answer<TopicState> answer(std::move(done));
  if (auto fine = check(spec); !fine) return answer(tl::unexpected(fine.error()));
  Core* core = core_.get();
  core->admin.create(spec, [core, name = spec.name, answer = std::move(answer)](Result<void> made) mutable {
    if (!made) return answer(tl::unexpected(made.error()));
    core->settle(name, Core::Wanted::kThere, [core, name, answer = std::move(answer)](Result<void> settled) mutable {
      if (!settled) return answer(tl::unexpected(settled.error()));
      core->describe(name, Answer<std::optional<TopicState>>(Completion<std::optional<TopicState>>(
                               inline_executor(), [name, answer = std::move(answer)](auto state) mutable {
                                 if (!state) return answer(tl::unexpected(state.error()));
                                 if (!*state)
                                   return answer(fail(ErrorCode::kNotFound, "somebody deleted topic " + name));
                                 answer(std::move(**state));
                               })));
    });
  });
}

void KafkaEventLog::delete_topic(std::string topic, Completion<void> done) {
  Core* core = core_.get();
  core->admin.remove(topic, [core, topic, answer = Answer<void>(std::move(done))](Result<void> gone) mutable {
    if (!gone) return answer(std::move(gone));
    core->settle(topic, Core::Wanted::kGone,
                 [answer = std::move(answer)](Result<void> settled) mutable { answer(std::move(settled)); });
  });
}

void KafkaEventLog::describe_topic(std::string topic, Completion<std::optional<TopicState>> done) {
  core_->describe(std::move(topic), Answer<std::optional<TopicState>>(std::move(done)));
}

void KafkaEventLog::bounds(TopicPartition partition, Completion<LogBounds> done) {
  Core* core = core_.get();
  core->require(partition, Answer<LogBounds>(std::move(done)), [core, partition](Answer<LogBounds> answer) {
    core->offset(partition, LogPlace::begin(), [core, partition, answer = std::move(answer)](auto begin) mutable {
      if (!begin) return answer(tl::unexpected(begin.error()));
      core->offset(partition, LogPlace::end(),
                   [begin = begin->value_or(Offset{0}), answer = std::move(answer)](auto end) mutable {
                     if (!end) return answer(tl::unexpected(end.error()));
                     answer(LogBounds{begin, end->value_or(Offset{0})});
                   });
    });
  });
}

void KafkaEventLog::offset_at(TopicPartition partition, TimeMs time, Completion<Offset> done) {
  Core* core = core_.get();
  core->require(partition, Answer<Offset>(std::move(done)), [core, partition, time](Answer<Offset> answer) {
    // The end first: what is appended between the two questions lies behind it.
    core->offset(partition, LogPlace::end(), [core, partition, time, answer = std::move(answer)](auto end) mutable {
      if (!end) return answer(tl::unexpected(end.error()));
      core->offset(partition, LogPlace::at(time),
                   [end = end->value_or(Offset{0}), answer = std::move(answer)](auto found) mutable {
                     if (!found) return answer(tl::unexpected(found.error()));
                     answer(found->value_or(end));
                   });
    });
  });
}

void KafkaEventLog::committed(std::string group, TopicPartition partition, Completion<std::optional<Commit>> done) {
  Core* core = core_.get();
  core->require(partition, Answer<std::optional<Commit>>(std::move(done)),
                [core, group, partition](Answer<std::optional<Commit>> answer) {
                  core->admin.group_commit(group, partition, [answer = std::move(answer)](auto result) mutable {
                    answer(std::move(result));
                  });
                });
}

std::unique_ptr<LogReader> KafkaEventLog::read(TopicPartition partition, Offset from) {
  return std::make_unique<KafkaLogReader>(core_->pool, core_->watch, core_->loop, std::move(partition), from);
}

std::unique_ptr<GroupMember> KafkaEventLog::join(GroupOptions options, GroupListener& listener, Executor& where) {
  return std::make_unique<KafkaGroupMember>(core_->shared(), std::move(options), listener, where);
}

std::unique_ptr<LogProducer> KafkaEventLog::producer(ProducerOptions options) {
  auto ask = [&admin = core_->admin](const std::string& topic, Admin::Then<TopicConfig> then) {
    admin.config(topic, std::move(then));
  };
  return std::make_unique<KafkaLogProducer>(std::move(ask), core_->loop, core_->options, options);
}

void KafkaEventLog::ping(Completion<void> done) {
  core_->admin.brokers([answer = Answer<void>(std::move(done))](Result<std::vector<std::int32_t>> brokers) mutable {
    if (!brokers) return answer(tl::unexpected(brokers.error()));
    answer({});
  });
}

}  // namespace guidepost::kafka
