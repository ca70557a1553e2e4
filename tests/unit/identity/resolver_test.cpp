#include "identity/resolver.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <random>

#include "guidepost/base/codec.hpp"
#include "identity/runs.hpp"
#include "support/fake_table_store.hpp"
#include "support/manual_executor.hpp"
#include "support/shown_metrics.hpp"

namespace guidepost::identity {
namespace {

using test::FakeTableStore;
using test::shown;
using Call = FakeTableStore::Call;
using event::ResolvedBy;

class ResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    store.make_table("mapping", {"m"});
    store.make_table("state", {"s"}, 1);
  }

  ResolverOptions options(Bytes cache = 64_MiB) const { return {"mapping", "state", cache}; }

  void put(const std::string& table, std::vector<RowPut> rows) {
    bool put_it = false;
    store.put(table, std::move(rows),
              Completion<void>(inline_executor(), [&](Result<void> r) { put_it = r.has_value(); }));
    ASSERT_TRUE(put_it);
  }
  void assign(std::string_view guid, std::uint64_t run, std::string_view customer) {
    put("mapping",
        {{mapping_row("shop", guid), {mapping_cell({kSinceEver, RunId{run}, Assignment::Kind::kCustomer, customer})}}});
  }
  /// A complete run in the state table.
  void record_run(std::uint64_t run, std::vector<std::string> changed, std::vector<std::uint64_t> aborted = {},
                  bool forget_all = false) {
    RunRecord record;
    record.run = RunId{run};
    record.owner = "test";
    record.forget_all = forget_all;
    record.marker.run = record.run;
    for (const auto a : aborted) record.marker.aborted.push_back(RunId{a});
    std::vector<std::uint64_t> hashes;
    for (const auto& guid : changed) hashes.push_back(guid_hash("shop", guid));
    std::sort(hashes.begin(), hashes.end());
    for (std::size_t at = 0; at < hashes.size(); at += kHashesPerCell) {
      const std::span cell(hashes.data() + at, std::min(kHashesPerCell, hashes.size() - at));
      put("state",
          {{run_row(record.run), {{"s", changed_qualifier(record.changed_cells++), 2, encode_changed(cell)}}}});
    }
    put("state", {run_started(record)});
    put("state", {run_completed(record)});
  }

  Result<Histories> lookup(Resolver& resolver, const std::vector<std::string>& guids) {
    std::vector<GuidKey> keys;
    for (const auto& guid : guids) keys.push_back({"shop", guid});
    std::optional<Result<Histories>> got;
    resolver.lookup(keys, [&](Result<Histories> r) { got = std::move(r); });
    executor.run();
    EXPECT_TRUE(got);
    return std::move(*got);
  }
  Result<MappingView> pass(Resolver& resolver, std::uint64_t run) {
    std::optional<Result<MappingView>> got;
    resolver.pass_marker(RunId{run}, [&](Result<MappingView> r) { got = std::move(r); });
    executor.run();
    EXPECT_TRUE(got);
    return std::move(*got);
  }
  static std::string who(History history, const MappingView& view) {
    return std::string(resolve(history, view, from_unix_ms(0), {}, {}).customer);
  }

  test::ManualExecutor executor;
  FakeTableStore store;
};

TEST_F(ResolverTest, histories_come_in_the_order_of_the_keys) {
  assign("g1", 1, "ann");
  assign("g2", 1, "bob");
  Resolver resolver(options(), store, executor);
  const auto got = lookup(resolver, {"g2", "g1", "unknown", "g2"});
  ASSERT_TRUE(got) << got.error().message;
  ASSERT_EQ(got->size(), 4u);
  EXPECT_EQ((*got)[0][0].customer, "bob");
  EXPECT_EQ((*got)[1][0].customer, "ann");
  EXPECT_TRUE((*got)[2].empty());
  EXPECT_EQ((*got)[3][0].customer, "bob");
}

TEST_F(ResolverTest, a_batch_reads_its_misses_in_one_get_and_each_row_once) {
  Resolver resolver(options(), store, executor);
  (void)lookup(resolver, {"g1", "g2", "g1", "g1"});
  EXPECT_EQ(store.faults().seen(Call::kGet), 1);
  EXPECT_EQ(resolver.stats().misses, 2u);
  EXPECT_EQ(resolver.stats().lookups, 4u);
  (void)lookup(resolver, {"g2", "g1"});  // also that nothing is there is remembered
  EXPECT_EQ(store.faults().seen(Call::kGet), 1);
  EXPECT_EQ(resolver.stats().hits, 2u);
}

TEST_F(ResolverTest, the_same_guid_of_another_merchant_is_another) {
  assign("g1", 1, "ann");
  Resolver resolver(options(), store, executor);
  (void)lookup(resolver, {"g1"});
  std::optional<Result<Histories>> got;
  const GuidKey key{"other", "g1"};
  resolver.lookup({&key, 1}, [&](Result<Histories> r) { got = std::move(r); });
  executor.run();
  EXPECT_TRUE((**got)[0].empty());
}

TEST_F(ResolverTest, at_a_marker_it_forgets_what_the_run_changed_and_nothing_else) {
  assign("g1", 1, "ann");
  assign("g2", 1, "bob");
  record_run(1, {"g1", "g2"});
  Resolver resolver(options(), store, executor);
  auto view = pass(resolver, 1);
  ASSERT_TRUE(view) << view.error().message;
  (void)lookup(resolver, {"g1", "g2", "g3"});
  assign("g1", 2, "cid");
  record_run(2, {"g1"});
  EXPECT_EQ(who((*lookup(resolver, {"g1"}))[0], *view), "ann");  // the marker is not passed yet
  const auto gets = store.faults().seen(Call::kGet);
  view = pass(resolver, 2);
  EXPECT_EQ(view->run, RunId{2});
  EXPECT_EQ(resolver.stats().forgotten, 1u);
  const auto got = lookup(resolver, {"g1", "g2", "g3"});
  EXPECT_EQ(who((*got)[0], *view), "cid");
  EXPECT_EQ(who((*got)[1], *view), "bob");
  EXPECT_EQ(resolver.stats().misses, 4u);  // g1 twice, g2, g3
  EXPECT_EQ(store.faults().seen(Call::kGet), gets + 3);  // the run, its list, g1
}

TEST_F(ResolverTest, the_view_has_the_aborted_runs) {
  assign("g1", 1, "ann");
  assign("g1", 2, "wrong");
  record_run(3, {}, {2});
  Resolver resolver(options(), store, executor);
  const auto view = pass(resolver, 3);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->aborted, std::vector<RunId>{RunId{2}});
  EXPECT_EQ(who((*lookup(resolver, {"g1"}))[0], *view), "ann");
}

TEST_F(ResolverTest, a_list_over_many_cells_is_forgotten_whole) {
  std::vector<std::string> guids;
  for (int i = 0; i < 200'000; ++i) guids.push_back("g" + std::to_string(i));
  Resolver resolver(options(), store, executor);
  (void)lookup(resolver, guids);
  ASSERT_EQ(resolver.stats().entries, 200'000u);
  record_run(1, guids);
  ASSERT_TRUE(pass(resolver, 1));
  EXPECT_EQ(resolver.stats().entries, 0u);
  EXPECT_EQ(resolver.stats().forgotten, 200'000u);
}

TEST_F(ResolverTest, a_run_that_lists_nothing_for_it_changed_too_much_is_forgotten_by_forgetting_all) {
  Resolver resolver(options(), store, executor);
  (void)lookup(resolver, {"g1", "g2"});
  record_run(1, {}, {}, true);
  ASSERT_TRUE(pass(resolver, 1));
  EXPECT_EQ(resolver.stats().entries, 0u);
}

TEST_F(ResolverTest, runs_of_which_no_marker_was_seen_cost_the_cache) {
  record_run(1, {});
  Resolver resolver(options(), store, executor);
  ASSERT_TRUE(pass(resolver, 1));
  (void)lookup(resolver, {"g1", "g2"});
  assign("g2", 2, "bob");
  record_run(2, {"g2"});
  record_run(3, {"g1"});
  const auto view = pass(resolver, 3);
  EXPECT_EQ(who((*lookup(resolver, {"g2"}))[0], *view), "bob");
  record_run(5, {"g1"}, {4});  // an aborted one in between does not
  (void)lookup(resolver, {"g1", "g2"});
  ASSERT_TRUE(pass(resolver, 5));
  EXPECT_EQ(resolver.stats().entries, 1u);
}

TEST_F(ResolverTest, a_repeated_marker_and_one_of_an_earlier_run_forget_nothing) {
  record_run(1, {"g1"});
  record_run(2, {"g1"});
  Resolver resolver(options(), store, executor);
  ASSERT_TRUE(pass(resolver, 2));
  (void)lookup(resolver, {"g1"});
  EXPECT_EQ(pass(resolver, 2)->run, RunId{2});
  EXPECT_EQ(pass(resolver, 1)->run, RunId{1});
  EXPECT_EQ(resolver.stats().entries, 1u);
}

/// Answers gets of the mapping when it is told to, with what was so when they were asked.
class SlowMapping final : public TableStore {
 public:
  explicit SlowMapping(TableStore& store) : store_(store) {}
  void answer() {
    for (auto& task : std::exchange(held_, {})) task();
  }
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override {
    if (table != "mapping") return store_.get(std::move(table), std::move(rows), std::move(done));
    auto answer = await<std::vector<Row>>([&](auto now) { store_.get(table, std::move(rows), std::move(now)); });
    held_.emplace_back([done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
  }
  void create_table(TableSpec, Completion<void>) override { FAIL(); }
  void drop_table(std::string, Completion<void>) override { FAIL(); }
  void list_tables(std::string, Completion<std::vector<std::string>>) override { FAIL(); }
  void put(std::string, std::vector<RowPut>, Completion<void>) override { FAIL(); }
  void scan(std::string, ScanRequest, Completion<ScanPage>) override { FAIL(); }
  void check_and_put(std::string, CheckAndPut, Completion<bool>) override { FAIL(); }
  void ping(Completion<void>) override { FAIL(); }

 private:
  TableStore& store_;
  std::vector<Task> held_;
};

TEST_F(ResolverTest, a_row_read_before_a_marker_and_answered_after_it_is_not_kept) {
  assign("g1", 1, "ann");
  record_run(1, {"g1"});
  SlowMapping slow(store);
  Resolver resolver(options(), slow, executor);
  auto view = pass(resolver, 1);
  std::optional<Result<Histories>> early;
  const GuidKey key{"shop", "g1"};
  resolver.lookup({&key, 1}, [&](Result<Histories> r) { early = std::move(r); });
  assign("g1", 2, "bob");
  record_run(2, {"g1"});
  const auto passed = pass(resolver, 2);
  slow.answer();
  executor.run();
  ASSERT_TRUE(early && *early && passed);
  EXPECT_EQ(who((**early)[0], *view), "ann");  // right for its own batch
  std::optional<Result<Histories>> late;
  resolver.lookup({&key, 1}, [&](Result<Histories> r) { late = std::move(r); });
  slow.answer();
  executor.run();
  ASSERT_TRUE(late && *late);
  EXPECT_EQ(who((**late)[0], *passed), "bob");
}

TEST_F(ResolverTest, markers_that_are_not_ours_are_errors) {
  Resolver resolver(options(), store, executor);
  EXPECT_EQ(pass(resolver, 7).error().code, ErrorCode::kInvalidArgument);
  RunRecord started;
  started.run = RunId{8};
  started.owner = "someone";
  put("state", {run_started(started)});
  EXPECT_EQ(pass(resolver, 8).error().code, ErrorCode::kInvalidArgument);
  put("state", {run_aborted(RunId{8})});
  EXPECT_EQ(pass(resolver, 8).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(pass(resolver, 0)->run, RunId{0});
}

TEST_F(ResolverTest, errors_of_the_store_are_passed_on_and_a_second_try_works) {
  assign("g1", 1, "ann");
  record_run(1, {"g1"});
  Resolver resolver(options(), store, executor);
  (void)lookup(resolver, {"g2"});
  for (int i = 0; i < 2; ++i) {  // the run's row, then its list
    store.faults().fail_after(Call::kGet, i, ErrorCode::kUnavailable);
    EXPECT_EQ(pass(resolver, 1).error().code, ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(pass(resolver, 1));
  store.faults().fail_next(Call::kGet, 1, ErrorCode::kTimedOut);
  EXPECT_EQ(lookup(resolver, {"g1"}).error().code, ErrorCode::kTimedOut);
  EXPECT_TRUE(lookup(resolver, {"g1"}));
}

TEST_F(ResolverTest, what_is_open_when_it_is_destroyed_is_answered_cancelled) {
  std::optional<Result<Histories>> got;
  {
    Resolver resolver(options(), store, executor);
    store.faults().hold(Call::kGet);
    const GuidKey key{"shop", "g1"};
    resolver.lookup({&key, 1}, [&](Result<Histories> r) { got = std::move(r); });
  }
  store.faults().release(Call::kGet);
  executor.run();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().code, ErrorCode::kCancelled);
}

TEST_F(ResolverTest, a_cache_far_too_small_gives_the_same_answers) {
  constexpr int kGuids = 50'000;
  std::vector<RowPut> rows;
  for (int i = 0; i < kGuids; ++i) {
    if (i % 3 == 0) continue;  // not mapped
    const auto guid = "3f2504e0-4f89-11d3-9a0c-" + std::to_string(100'000'000'000 + i);
    const auto customer = "customer-" + std::to_string(i);
    RowPut row{mapping_row("shop", guid), {}};
    row.cells.push_back(mapping_cell({kSinceEver, RunId{1}, Assignment::Kind::kCustomer, customer}));
    if (i % 5 == 0) row.cells.push_back(mapping_cell({from_unix_ms(-5), RunId{1}, Assignment::Kind::kUnmapped, {}}));
    rows.push_back(std::move(row));
  }
  put("mapping", std::move(rows));
  Resolver small(options(128_KiB), store, executor);
  Resolver unbounded(options(Bytes{std::uint64_t{1} << 40}), store, executor);
  const MappingView view{RunId{1}, {}};
  std::mt19937_64 random(7);
  for (int batch = 0; batch < 200; ++batch) {
    std::vector<std::string> guids;
    for (int i = 0; i < 1500; ++i) {
      // Half of them from a few, so that something is hit; each batch is larger than the cache.
      const auto n = static_cast<int>(random() % (random() % 2 == 0 ? 200 : kGuids));
      guids.push_back("3f2504e0-4f89-11d3-9a0c-" + std::to_string(100'000'000'000 + n));
    }
    const auto a = lookup(small, guids);
    const auto b = lookup(unbounded, guids);
    ASSERT_TRUE(a && b);
    for (std::size_t i = 0; i < guids.size(); ++i) {
      ASSERT_EQ(who((*a)[i], view), who((*b)[i], view)) << guids[i];
    }
    ASSERT_LE(small.stats().bytes, 128u * 1024);
  }
  EXPECT_GT(small.stats().evictions, 50'000u);
  EXPECT_GT(small.stats().entries, 700u);
  // CLOCK keeps the 200 that come back: half of all keys would be hits.
  EXPECT_GT(small.stats().hits * 10, small.stats().lookups * 4);
}

TEST_F(ResolverTest, the_metrics_of_the_process_are_the_sums_of_its_resolvers) {
  const auto evicted = [] { return shown("guidepost_identity_cache_evictions_total").value_or(0); };
  const auto entries = [] { return shown("guidepost_identity_cache_entries"); };
  const auto evicted_before = evicted();
  std::vector<std::string> guids;
  for (int i = 0; i < 3000; ++i) guids.push_back("guid-" + std::to_string(i));
  {
    Resolver one(options(128_KiB), store, executor);
    Resolver other(options(128_KiB), store, executor);
    (void)lookup(one, guids);
    (void)lookup(other, guids);
    EXPECT_GT(one.stats().evictions, 0u);
    EXPECT_EQ(evicted() - evicted_before, static_cast<double>(one.stats().evictions + other.stats().evictions));
    EXPECT_EQ(entries(), static_cast<double>(one.stats().entries + other.stats().entries));
  }
  EXPECT_EQ(entries(), 0);
}

TEST_F(ResolverTest, the_bytes_that_it_counts_are_those_that_it_takes) {
  HistoryCache cache(64_MiB);
  const auto before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const auto guid = "3f2504e0-4f89-11d3-9a0c-" + std::to_string(100'000'000'000 + i);
    const auto customer = "customer-" + std::to_string(i);
    const Assignment value{kSinceEver, RunId{1}, Assignment::Kind::kCustomer, customer};
    const GuidKey key{"shop", guid};
    cache.insert(HistoryShare::make(key, HistoryCache::hash_of(key), {&value, 1}));
    if (i % 1000 == 0) {
      ASSERT_LE(cache.bytes(), 64u * 1024 * 1024);
    }
  }
  const auto taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
  RecordProperty("bytes_per_entry", static_cast<int>(cache.bytes() / cache.entries()));
  std::cout << "bytes an entry: " << cache.bytes() / cache.entries() << ", entries: " << cache.entries() << "\n";
  EXPECT_GT(cache.bytes(), 60u * 1024 * 1024);
  if (before > 0) {  // sanitizers' allocators do not tell
    EXPECT_NEAR(static_cast<double>(taken), static_cast<double>(cache.bytes()),
                0.1 * static_cast<double>(cache.bytes()));
  }
}

TEST(HistoryCache, probes_stay_short_however_many_others_come_by) {
  HistoryCache cache(1_MiB);  // with these GUIDs three quarters full, as full as it gets
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const auto guid = "guid-" + std::to_string(1'000'000 + i);
    const GuidKey key{"many", guid};
    cache.insert(HistoryShare::make(key, HistoryCache::hash_of(key), {}));
    if (i % 1000 == 0) {
      ASSERT_LT(cache.mean_probe(), 8) << i;  // linear probing, three quarters full: 2.5
    }
  }
  EXPECT_EQ(cache.entries(), 12'288u);
}

TEST(HistoryCache, it_finds_what_a_plain_map_finds) {
  std::mt19937_64 random(11);
  HistoryCache cache(20_KiB);
  std::map<std::string, std::string> newest;
  std::uint64_t found = 0;
  for (int step = 0; step < 200'000; ++step) {
    const auto guid = "g" + std::to_string(random() % 400);
    const GuidKey key{"m", guid};
    const auto hash = HistoryCache::hash_of(key);
    ASSERT_EQ(hash, guid_hash("m", guid));
    switch (random() % 8) {
      case 0: {
        const auto customer = "c" + std::to_string(step) + std::string(random() % 60, 'x');
        const Assignment value{kSinceEver, RunId{1}, Assignment::Kind::kCustomer, customer};
        cache.insert(HistoryShare::make(key, hash, {&value, 1}));
        newest[guid] = customer;
        break;
      }
      case 1:
        cache.forget({&hash, 1});
        ASSERT_FALSE(cache.find(key, hash));
        break;
      default:
        if (const auto share = cache.find(key, hash)) {
          ++found;
          ASSERT_EQ(share->history()[0].customer, newest.at(guid));
        }
    }
    if (random() % 20'000 == 0) cache.forget_all();
    ASSERT_LE(cache.bytes(), 20u * 1024);
  }
  EXPECT_GT(found, 50'000u);
  EXPECT_GT(cache.evictions(), 100u);
}

TEST(HistoryCache, what_is_larger_than_the_whole_cache_is_not_kept) {
  HistoryCache cache(2_KiB);
  const std::string customer(3000, 'x');
  const Assignment value{kSinceEver, RunId{1}, Assignment::Kind::kCustomer, customer};
  const GuidKey key{"m", "g"};
  cache.insert(HistoryShare::make(key, HistoryCache::hash_of(key), {&value, 1}));
  EXPECT_EQ(cache.entries(), 0u);
  HistoryCache none(Bytes{0});
  none.insert(HistoryShare::make(key, HistoryCache::hash_of(key), {}));
  EXPECT_EQ(none.entries(), 0u);
}

TEST(HistoryCache, a_share_outlives_the_cache) {
  HistoryShare share;
  {
    HistoryCache cache(2_KiB);
    const Assignment value{kSinceEver, RunId{1}, Assignment::Kind::kCustomer, "ann"};
    const GuidKey key{"m", "g"};
    cache.insert(HistoryShare::make(key, HistoryCache::hash_of(key), {&value, 1}));
    share = cache.find(key, HistoryCache::hash_of(key));
    cache.forget_all();
    EXPECT_FALSE(cache.find(key, HistoryCache::hash_of(key)));
  }
  EXPECT_EQ(share->history()[0].customer, "ann");
  EXPECT_EQ(share->guid(), "g");
}

}  // namespace
}  // namespace guidepost::identity
