#include "adapters/hbase/gateway_pool.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace guidepost::hbase {
namespace {

using enum metrics::ShownBy;
const metrics::GaugeFamily kEjected{
    {"guidepost_hbase_ejected_gateways", "gateways", "Gateways that failed and have not answered a probe yet", kHBase}};
const metrics::CounterFamily kIdleDrops{
    {"guidepost_hbase_idle_reconnects_total", "connections", "Connections dropped because they were idle", kHBase}};

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

Failure closing() {
  return {.verdict = Verdict::kFail,
          .code = ErrorCode::kCancelled,
          .outcome = Outcome::kNotApplied,
          .connection = Reuse::kSpent,
          .reason = "closing",
          .message = "the table store is closing"};
}

}  // namespace

GatewayPool::GatewayPool(PoolOptions options, Connector& connector, std::function<Time()> now, std::uint64_t seed)
    : options_(std::move(options)),
      connector_(&connector),
      now_(std::move(now)),
      random_(seed),
      ejected_count_(kEjected.with()),
      idle_drops_(kIdleDrops.with()) {
  GUIDEPOST_ASSERT(!options_.gateways.empty());
  for (const auto& endpoint : options_.gateways) gateways_.emplace_back().endpoint = endpoint;
}

GatewayPool::~GatewayPool() {
  GUIDEPOST_ASSERT(in_use_.empty());
  for (const auto& gateway : gateways_) {
    if (gateway.ejected) ejected_count_.add(-1);
  }
}

std::size_t GatewayPool::choose() {
  const auto now = now_();
  std::vector<std::size_t> healthy;
  for (std::size_t i = 0; i < gateways_.size(); ++i) {
    auto& gateway = gateways_[i];
    // Somebody has to try whether it is back: whoever comes first when it is due.
    if (gateway.ejected && !gateway.probing && gateway.probe_at <= now) return i;
    if (!gateway.ejected) healthy.push_back(i);
  }
  if (healthy.empty()) return kNone;
  if (healthy.size() == 1) return healthy.front();
  const auto first = random_() % healthy.size();
  const auto second = (first + 1 + random_() % (healthy.size() - 1)) % healthy.size();
  const auto a = healthy[first];
  const auto b = healthy[second];
  return gateways_[b].busy < gateways_[a].busy ? b : a;
}

Reply<GatewayPool::Lease> GatewayPool::acquire() {
  std::vector<Idle> too_old;  // destroyed after the lock is: closing a socket takes a moment
  std::unique_lock lock(mutex_);
  // Every gateway that fails is ejected, so this ends after as many rounds as there are gateways.
  for (;;) {
    if (interrupted_) return tl::unexpected(closing());
    const auto chosen = choose();
    if (chosen == kNone) return tl::unexpected(nobody_there());
    auto& gateway = gateways_[chosen];
    const auto fresh = std::find_if(gateway.idle.begin(), gateway.idle.end(), [&, now = now_()](const Idle& idle) {
      return now - idle.since <= options_.max_idle;
    });
    idle_drops_.add(static_cast<double>(fresh - gateway.idle.begin()));
    std::move(gateway.idle.begin(), fresh, std::back_inserter(too_old));
    gateway.idle.erase(gateway.idle.begin(), fresh);
    ++gateway.busy;
    if (!gateway.ejected && !gateway.idle.empty()) {
      auto idle = std::move(gateway.idle.back());
      gateway.idle.pop_back();
      in_use_.insert(idle.connection.get());
      return Lease(*this, chosen, std::move(idle.connection), idle.requests);
    }
    gateway.probing = gateway.ejected;
    const bool probe = gateway.probing;
    lock.unlock();
    auto opened = connector_->connect(gateway.endpoint);
    if (opened && probe) {
      if (auto alive = (*opened)->probe(); !alive) opened = tl::unexpected(std::move(alive.error()));
    }
    lock.lock();
    gateway.probing = false;
    if (!opened) {
      --gateway.busy;
      eject(gateway, opened.error());
      continue;
    }
    if (interrupted_) {
      --gateway.busy;
      return tl::unexpected(closing());
    }
    if (gateway.ejected) {
      gateway.ejected = false;
      gateway.ejection = {};
      ejected_count_.add(-1);
      log::info("hbase_gateway_back", {{"gateway", to_string(gateway.endpoint)}});
    }
    in_use_.insert(opened->get());
    return Lease(*this, chosen, std::move(*opened), 0);
  }
}

void GatewayPool::eject(Gateway& gateway, const Failure& failure) {
  gateway.trouble = failure.message;
  gateway.ejection =
      gateway.ejected ? std::min(gateway.ejection * 2, options_.longest_ejection) : options_.first_ejection;
  gateway.probe_at = now_() + gateway.ejection;
  if (gateway.ejected) return;
  gateway.ejected = true;
  ejected_count_.add(1);
  log::warn("hbase_gateway_ejected",
            {{"gateway", to_string(gateway.endpoint)}, {"reason", failure.reason}, {"message", failure.message}});
}

Failure GatewayPool::nobody_there() const {
  std::string message = "no gateway can be reached";
  for (const auto& gateway : gateways_) message += "; " + gateway.trouble;
  return {.verdict = Verdict::kRetry,
          .code = ErrorCode::kUnavailable,
          .outcome = Outcome::kNotApplied,
          .connection = Reuse::kSpent,
          .reason = "no_gateway",
          .message = std::move(message)};
}

GatewayPool::Lease::~Lease() { GUIDEPOST_ASSERT(connection_ == nullptr); }

void GatewayPool::Lease::give_back() && {
  std::unique_ptr<Connection> last;
  std::lock_guard lock(pool_->mutex_);
  auto& gateway = pool_->gateways_[gateway_];
  --gateway.busy;
  pool_->in_use_.erase(connection_.get());
  if (pool_->interrupted_ || gateway.ejected) {
    last = std::move(connection_);
  } else {
    gateway.idle.push_back({std::move(connection_), pool_->now_(), requests_ + 1});
  }
}

Failure GatewayPool::Lease::give_back(Failure failure) && {
  if (failure.connection == Reuse::kMayGoOn) {
    std::move(*this).give_back();
    return failure;
  }
  std::unique_ptr<Connection> last;
  std::vector<Idle> others;
  std::lock_guard lock(pool_->mutex_);
  auto& gateway = pool_->gateways_[gateway_];
  --gateway.busy;
  pool_->in_use_.erase(connection_.get());
  last = std::move(connection_);
  if (pool_->interrupted_) return closing();
  failure.message = to_string(gateway.endpoint) + ": " + failure.message;
  if (failure.verdict != Verdict::kRetry) return failure;
  // The connections kept beside it are as old as this one and most likely as dead.
  others.swap(gateway.idle);
  const bool hung_up = failure.reason == "closed" || failure.reason == "not_connected";
  if (hung_up && requests_ > 0) {
    // It worked before and was hung up on: that says nothing yet about the gateway. A new one will.
    failure.reason = "stale";
  } else if (!gateway.ejected) {
    pool_->eject(gateway, failure);
  }
  return failure;
}

void GatewayPool::interrupt() {
  std::lock_guard lock(mutex_);
  interrupted_ = true;
  for (auto* connection : in_use_) connection->interrupt();
}

}  // namespace guidepost::hbase
