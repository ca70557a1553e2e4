// Runs requests over the gateways of a pool, some at a time, each until it is answered or given up.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "adapters/hbase/gateway_pool.hpp"
#include "adapters/hbase/request.hpp"

namespace guidepost::hbase {

/// The requests of one call wait in a lane of their own, and the lanes take turns: a call of a
/// thousand batches does not hold up one of one. What waits for its next try holds neither a thread
/// nor a connection.
/// Thread: any.
class RequestQueue {
 public:
  using Time = Executor::Clock::time_point;

  /// Whether the requests of a call may overtake each other.
  enum class Order : std::uint8_t { kAny, kOneByOne };

  /// `pool` and `meters` must outlive the queue. `wake` is called, from any thread, once
  /// for each run_one() that may have got something to do.
  RequestQueue(RetryOptions retry, GatewayPool& pool, Meters& meters, std::function<Time()> now, std::uint64_t seed,
               std::function<void()> wake);
  ~RequestQueue();
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  /// Takes the requests of one call. Blocks: never.
  void submit(Requests requests, Order order);

  /// Tries the request whose turn it is. False: none is due. Blocks: as long as the try takes.
  bool run_one();

  struct Outlook {
    bool ready = false;           ///< something is due now
    std::optional<Time> next;     ///< when something will be
  };
  Outlook outlook() const;

  /// Answers all that waits, and all that comes, with kCancelled. Blocks: never.
  void close();

 private:
  struct Lane;
  struct Job {
    std::unique_ptr<Request> request;
    Tries tries;
    Time since;
    std::unique_ptr<Lane> lane;  ///< of a lane that goes one by one: what follows this job
  };
  struct Lane {
    std::deque<Job> jobs;
    Order order = Order::kAny;
  };

  Job make_job(std::unique_ptr<Request> request, Time now) const;
  std::optional<Job> take(Time now);
  bool waited_in_vain(const Job& job, Time now) const;
  void settle(Job job, const Failure& failure);
  void halve(Job job, Error error);
  void end(Job job);
  void cancel(Job job);
  void count_in(const Job& job);
  void count_out(const Job& job);

  RetryOptions retry_;
  GatewayPool* pool_;
  Meters* meters_;
  std::function<Time()> now_;
  std::function<void()> wake_;

  mutable std::mutex mutex_;
  std::deque<std::unique_ptr<Lane>> lanes_;
  std::multimap<Time, Job> waiting_;  ///< for their next try
  std::mt19937_64 random_;
  Time last_success_;
  bool closed_ = false;
};

}  // namespace guidepost::hbase
