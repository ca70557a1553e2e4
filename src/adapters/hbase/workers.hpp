// The threads that do the adapter's blocking.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/hbase/request_queue.hpp"
#include "adapters/hbase/thrift_connection.hpp"

namespace guidepost::hbase {

/// A queue with the gateways it goes to and the threads that empty it: as many requests at a time as threads.
/// Thread: any. Blocks: only the destructor, until tries under way have been broken off; those are
/// answered with kCancelled, as are all that wait.
class Workers {
 public:
  struct Options {
    std::string name;
    std::size_t threads;
    RetryOptions retry;
  };

  /// `meters` must outlive the workers.
  Workers(const Options& options, PoolOptions pool, WireOptions wire, Meters& meters);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void submit(Requests requests, RequestQueue::Order order = RequestQueue::Order::kAny) {
    queue_.submit(std::move(requests), order);
  }

 private:
  void run();
  void wake();

  ThriftConnector connector_;
  GatewayPool pool_;
  RequestQueue queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace guidepost::hbase
