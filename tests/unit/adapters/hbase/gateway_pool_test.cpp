#include "adapters/hbase/gateway_pool.hpp"

#include <gtest/gtest.h>

#include "unit/adapters/hbase/fake_gateways.hpp"

namespace guidepost::hbase {
namespace {

using namespace std::chrono_literals;
using namespace test;

class GatewayPoolTest : public ::testing::Test {
 protected:
  GatewayPool make(std::vector<Endpoint> gateways) {
    return GatewayPool({.gateways = std::move(gateways)}, connector, clock.reader(), 42);
  }

  /// One request that succeeds.
  static void use(GatewayPool& pool) {
    auto lease = pool.acquire();
    ASSERT_TRUE(lease) << lease.error().message;
    ASSERT_TRUE(lease->connection().ping());
    std::move(*lease).give_back();
  }
  /// One request that fails if the gateway says so; what the pool makes of it.
  static std::string fail(GatewayPool& pool) {
    auto lease = pool.acquire();
    if (!lease) return std::string(lease.error().reason);
    auto answer = lease->connection().ping();
    if (answer) {
      std::move(*lease).give_back();
      return "answered";
    }
    return std::string(std::move(*lease).give_back(answer.error()).reason);
  }

  FakeCluster cluster;
  FakeConnector connector{cluster};
  ManualClock clock;
  const Endpoint a{"a", 1};
  const Endpoint b{"b", 2};
};

TEST_F(GatewayPoolTest, a_connection_is_kept_for_the_next_request) {
  auto pool = make({a});
  use(pool);
  use(pool);
  EXPECT_EQ(cluster.gateways["a"].connects, 1);
}

TEST_F(GatewayPoolTest, a_connection_idle_for_45_seconds_is_dropped) {
  auto pool = make({a});
  use(pool);
  clock.now += 45s;
  use(pool);
  EXPECT_EQ(cluster.gateways["a"].connects, 1);
  clock.now += 45s + 1ms;
  use(pool);
  EXPECT_EQ(cluster.gateways["a"].connects, 2);
  EXPECT_EQ(cluster.gateways["a"].open, 1);
}

TEST_F(GatewayPoolTest, of_two_gateways_the_less_busy_one_is_taken) {
  auto pool = make({a, b});
  std::vector<GatewayPool::Lease> leases;
  for (int i = 0; i < 20; ++i) leases.push_back(std::move(*pool.acquire()));
  EXPECT_EQ(cluster.gateways["a"].open, 10);
  EXPECT_EQ(cluster.gateways["b"].open, 10);
  for (auto& lease : leases) std::move(lease).give_back();
}

TEST_F(GatewayPoolTest, a_gateway_that_cannot_be_reached_is_ejected_and_the_other_does_the_work) {
  auto pool = make({a, b});
  cluster.gateways["a"].up = false;
  for (int i = 0; i < 50; ++i) use(pool);
  EXPECT_LE(cluster.gateways["a"].connects, 1);
  EXPECT_EQ(cluster.gateways["b"].requests, 50);
}

TEST_F(GatewayPoolTest, an_ejected_gateway_comes_back_when_it_answers_a_probe) {
  auto pool = make({a, b});
  cluster.gateways["a"].up = false;
  for (int i = 0; i < 20; ++i) use(pool);
  cluster.gateways["a"].up = true;
  clock.now += 500ms;
  for (int i = 0; i < 50; ++i) use(pool);
  EXPECT_EQ(cluster.gateways["a"].probes, 1);
  EXPECT_GT(cluster.gateways["a"].requests, 10);
}

TEST_F(GatewayPoolTest, a_gateway_that_stays_away_is_probed_more_and_more_seldom) {
  auto pool = make({a, b});
  cluster.gateways["a"].up = false;
  std::vector<int> probes;
  for (int minute = 0; minute < 3; ++minute) {
    const int before = cluster.gateways["a"].connects;
    for (int i = 0; i < 600; ++i) {
      use(pool);
      clock.now += 100ms;
    }
    probes.push_back(cluster.gateways["a"].connects - before);
  }
  EXPECT_LE(probes[0], 10);
  EXPECT_GE(probes[2], 3);
  EXPECT_LE(probes[2], 5);
}

TEST_F(GatewayPoolTest, a_gateway_that_accepts_but_fails_the_probe_stays_out) {
  auto pool = make({a, b});
  cluster.gateways["a"].up = false;
  for (int i = 0; i < 20; ++i) use(pool);
  cluster.gateways["a"].up = true;
  cluster.gateways["a"].next_failures.push_back(timed_out());
  clock.now += 500ms;
  const int before = cluster.gateways["b"].requests;
  for (int i = 0; i < 20; ++i) use(pool);
  EXPECT_EQ(cluster.gateways["a"].probes, 1);
  EXPECT_EQ(cluster.gateways["b"].requests - before, 20);
}

TEST_F(GatewayPoolTest, a_kept_connection_that_was_hung_up_on_does_not_eject_its_gateway) {
  auto pool = make({a});
  use(pool);
  cluster.gateways["a"].next_failures.push_back(closed());
  EXPECT_EQ(fail(pool), "stale");
  use(pool);
  EXPECT_EQ(cluster.gateways["a"].connects, 2);
  EXPECT_EQ(cluster.gateways["a"].open, 1);
}

TEST_F(GatewayPoolTest, a_new_connection_that_is_hung_up_on_does) {
  auto pool = make({a});
  cluster.gateways["a"].next_failures.push_back(closed());
  EXPECT_EQ(fail(pool), "closed");
  EXPECT_EQ(fail(pool), "no_gateway");
}

TEST_F(GatewayPoolTest, a_time_out_ejects_even_over_a_kept_connection_and_is_never_used_again) {
  auto pool = make({a});
  use(pool);
  cluster.gateways["a"].next_failures.push_back(timed_out());
  EXPECT_EQ(fail(pool), "timed_out");
  EXPECT_EQ(cluster.gateways["a"].open, 0);
  EXPECT_EQ(fail(pool), "no_gateway");
}

TEST_F(GatewayPoolTest, an_answer_that_says_no_costs_neither_connection_nor_gateway) {
  auto pool = make({a});
  cluster.gateways["a"].next_failures.push_back(sort_io_error(Scope::kBatch, "RegionTooBusyException", true));
  EXPECT_EQ(fail(pool), "overloaded");
  use(pool);
  EXPECT_EQ(cluster.gateways["a"].connects, 1);
}

TEST_F(GatewayPoolTest, where_none_can_be_reached_it_says_what_was_wrong_with_each) {
  auto pool = make({a, b});
  cluster.gateways["a"].up = false;
  cluster.gateways["b"].up = false;
  auto lease = pool.acquire();
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(lease.error().outcome, Outcome::kNotApplied);
  EXPECT_EQ(lease.error().message, "no gateway can be reached; connect() failed; connect() failed");
}

TEST_F(GatewayPoolTest, interrupting_breaks_off_what_is_under_way_and_refuses_the_rest) {
  auto pool = make({a});
  auto lease = pool.acquire();
  pool.interrupt();
  EXPECT_EQ(cluster.interrupts, 1);
  EXPECT_EQ(std::move(*lease).give_back(closed()).code, ErrorCode::kCancelled);
  EXPECT_EQ(pool.acquire().error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace guidepost::hbase
