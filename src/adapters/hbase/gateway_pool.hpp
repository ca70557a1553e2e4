// Which gateway gets the next request, over which connection.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <vector>

#include "adapters/hbase/connection.hpp"
#include "base/metrics.hpp"
#include "guidepost/base/executor.hpp"

namespace guidepost::hbase {

struct PoolOptions {
  std::vector<Endpoint> gateways;
  /// A gateway drops a connection that was silent for a minute; we drop it before.
  std::chrono::milliseconds max_idle{45000};
  /// A gateway that failed is left alone for this long, then twice as long each time it fails the probe.
  std::chrono::milliseconds first_ejection{500};
  std::chrono::milliseconds longest_ejection{15000};
};

/// The connections to some gateways that are worth the same. Of two healthy ones picked by chance the
/// less busy one is taken; one that failed is ejected, and comes back when it answers a probe.
/// Thread: any. Connections in use are as many as leases are out; idle ones are kept for the next.
class GatewayPool {
 public:
  using Time = Executor::Clock::time_point;

  /// `connector` must outlive the pool. `now` is the clock, `seed` chooses between gateways.
  GatewayPool(PoolOptions options, Connector& connector, std::function<Time()> now, std::uint64_t seed);
  ~GatewayPool();
  GatewayPool(const GatewayPool&) = delete;
  GatewayPool& operator=(const GatewayPool&) = delete;

  /// A connection for one request. Exactly one of the two ways to give it back must be called.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& connection() { return *connection_; }
    /// After an answer, also one that says no.
    void give_back() &&;
    /// After a failure; decides what it says about connection and gateway. Returns the failure, told
    /// apart where only this kept connection had grown stale.
    Failure give_back(Failure failure) &&;

   private:
    friend class GatewayPool;
    Lease(GatewayPool& pool, std::size_t gateway, std::unique_ptr<Connection> connection, int requests)
        : pool_(&pool), gateway_(gateway), connection_(std::move(connection)), requests_(requests) {}
    GatewayPool* pool_;
    std::size_t gateway_;
    std::unique_ptr<Connection> connection_;
    int requests_;  ///< that this connection has carried before
  };

  /// Blocks: while it connects, up to the connector's time-outs.
  Reply<Lease> acquire();

  /// Makes every request under way fail and refuses new ones, for good. Blocks: never.
  void interrupt();

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    Time since;
    int requests;
  };
  struct Gateway {
    Endpoint endpoint;
    std::vector<Idle> idle;  ///< longest idle first
    std::size_t busy = 0;
    bool ejected = false;
    bool probing = false;
    Time probe_at;
    std::chrono::milliseconds ejection{0};
    std::string trouble;  ///< what it was ejected for
  };

  std::size_t choose();
  void eject(Gateway& gateway, const Failure& failure);
  Failure nobody_there() const;

  PoolOptions options_;
  Connector* connector_;
  std::function<Time()> now_;
  mutable std::mutex mutex_;
  std::vector<Gateway> gateways_;
  std::set<Connection*> in_use_;
  std::mt19937_64 random_;
  bool interrupted_ = false;
  metrics::Gauge ejected_count_;
  metrics::Counter idle_drops_;
};

}  // namespace guidepost::hbase
