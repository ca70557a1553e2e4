// Notices that a topic appeared, vanished, or was deleted and made again.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/kafka/admin.hpp"
#include "guidepost/base/executor.hpp"

namespace guidepost::kafka {

/// Compares what is seen of a topic with what was seen first. Pure; tested alone.
class TopicIdentity {
 public:
  enum class Verdict {
    kUnknown,  ///< not seen yet: it does not exist, or no broker answers
    kSame,
    kChanged,  ///< gone, or another topic of that name
  };
  Verdict judge(const Result<std::optional<TopicFacts>>& seen);
  const TopicFacts& first() const { return first_; }

 private:
  TopicFacts first_;  // without id: none yet
  int missing_ = 0;
};

/// Asks for all topics in use in one question per interval; more often while one is not there yet.
/// Thread: watch, unwatch and look_now from any; subscribers are called on `loop`. Blocks: never.
class TopicWatch {
 public:
  /// Told after each look. Answers whether it has what it needs, so that the slow pace will do.
  class Subscriber {
   public:
    virtual ~Subscriber() = default;
    virtual bool topic_seen(const Result<std::optional<TopicFacts>>& seen) = 0;
  };

  TopicWatch(Admin& admin, Executor& loop, std::chrono::milliseconds interval);
  ~TopicWatch();

  /// The first look follows at once. Ends when the subscriber is gone.
  void watch(std::string topic, std::weak_ptr<Subscriber> subscriber);
  /// Does not wait for the interval to pass: something looks wrong.
  void look_now();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace guidepost::kafka
