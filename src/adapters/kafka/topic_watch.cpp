#include "adapters/kafka/topic_watch.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <vector>

namespace guidepost::kafka {

TopicIdentity::Verdict TopicIdentity::judge(const Result<std::optional<TopicFacts>>& seen) {
  const bool known = !first_.id.empty();
  if (!seen) return known ? Verdict::kSame : Verdict::kUnknown;  // nobody answered: nothing was learnt
  const auto& facts = *seen;
  if (!known) {
    if (!facts || facts->partitions == 0) return Verdict::kUnknown;
    first_ = *facts;
    return Verdict::kSame;
  }
  if (facts) {
    missing_ = 0;
    return facts->id == first_.id ? Verdict::kSame : Verdict::kChanged;
  }
  // A broker that has just started may not know all topics for a moment: believe it the second time.
  return ++missing_ >= 2 ? Verdict::kChanged : Verdict::kSame;
}

namespace {

/// While a topic is not there, or does not look well.
constexpr std::chrono::milliseconds kEager{250};

}  // namespace

struct TopicWatch::State : std::enable_shared_from_this<State> {
  struct Watched {
    std::string topic;
    std::weak_ptr<Subscriber> subscriber;
  };

  State(Admin& a, Executor& l, std::chrono::milliseconds i) : admin(&a), loop(&l), interval(i) {}

  Admin* admin;
  Executor* loop;
  std::chrono::milliseconds interval;
  std::mutex mutex;
  std::vector<Watched> watched;
  bool looking = false;
  bool again = false;        // somebody came while a look was under way
  std::uint64_t timer = 0;   // only the newest timer counts
  bool eager = false;

  void look() {
    std::set<std::string> topics;
    {
      std::lock_guard lock(mutex);
      if (looking) {
        again = true;
        return;
      }
      std::erase_if(watched, [](const Watched& w) { return w.subscriber.expired(); });
      for (const auto& w : watched) topics.insert(w.topic);
      if (topics.empty()) return;
      looking = true;
      again = false;
    }
    std::vector<std::string> asked(topics.begin(), topics.end());
    admin->describe(asked, std::nullopt, [weak = weak_from_this(), asked, on = loop](auto seen) {
      on->post([weak, asked, seen = std::move(seen)] {
        if (auto self = weak.lock()) self->seen(asked, seen);
      });
    });
  }

  void seen(const std::vector<std::string>& asked, const Result<std::vector<std::optional<TopicFacts>>>& all) {
    std::vector<Watched> told;
    bool stale = false;
    {
      std::lock_guard lock(mutex);
      stale = again;  // somebody has a doubt that is younger than this answer
      if (stale) looking = false;
      told = watched;
    }
    if (stale) return look();
    bool settled = true;
    for (const auto& w : told) {
      const auto at = std::lower_bound(asked.begin(), asked.end(), w.topic);
      if (at == asked.end() || *at != w.topic) continue;  // came later: the next look is for it
      const auto subscriber = w.subscriber.lock();
      if (!subscriber) continue;
      const auto facts = all.map([&](const auto& list) { return list[static_cast<std::size_t>(at - asked.begin())]; });
      settled = subscriber->topic_seen(facts) && settled;
    }
    std::unique_lock lock(mutex);
    looking = false;
    const bool at_once = again;
    const auto number = ++timer;
    lock.unlock();
    if (at_once) return look();
    loop->post_after(settled ? interval : std::min(interval, kEager), [weak = weak_from_this(), number] {
      const auto self = weak.lock();
      if (!self) return;
      {
        std::lock_guard newest(self->mutex);
        if (self->timer != number) return;
      }
      self->look();
    });
  }
};

TopicWatch::TopicWatch(Admin& admin, Executor& loop, std::chrono::milliseconds interval)
    : state_(std::make_shared<State>(admin, loop, interval)) {}

TopicWatch::~TopicWatch() = default;

void TopicWatch::watch(std::string topic, std::weak_ptr<Subscriber> subscriber) {
  {
    std::lock_guard lock(state_->mutex);
    state_->watched.push_back({std::move(topic), std::move(subscriber)});
  }
  state_->look();
}

void TopicWatch::look_now() { state_->look(); }

}  // namespace guidepost::kafka
