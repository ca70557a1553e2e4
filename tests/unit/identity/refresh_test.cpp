#include "identity/refresh.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "identity/run_registry.hpp"
#include "support/fake_event_log.hpp"
#include "support/fake_table_store.hpp"
#include "support/manual_executor.hpp"

namespace guidepost::identity {
namespace {

using test::FakeEventLog;
using test::FakeTableStore;
using test::When;
using namespace std::chrono_literals;

constexpr int kPartitions = 3;

class RefreshTest : public testing::Test {
 protected:
  void SetUp() override {
    store.make_table("mapping", {"m"});
    store.make_table("state", {"s"}, 1);
    log.make_topic("clicks.raw", kPartitions);
  }

  RefreshOptions options() {
    RefreshOptions o;
    o.file_name = "customers.csv";
    o.default_merchant = "shop";
    o.lock.owner = "owner-" + std::to_string(++owners);
    o.lock.wall = [this] { return clock; };
    o.patience = o.lock.patience = {200ms, 1ms};
    o.batch_lines = 3;
    return o;
  }
  Result<RefreshReport> refresh(const std::string& csv, const RefreshOptions& o) {
    std::istringstream in(csv);
    return run_refresh(o, in, store, log, names, {});
  }
  Result<RefreshReport> refresh(const std::string& csv) { return refresh(csv, options()); }
  Result<RefreshReport> undo(std::uint64_t run) { return undo_run(options(), RunId{run}, store, log, names); }

  /// Runs of the markers of a partition, in their order.
  std::vector<std::uint64_t> markers(int partition) {
    std::vector<std::uint64_t> out;
    for (const auto& [offset, record] : log.stored({"clicks.raw", Partition{partition}})) {
      EXPECT_EQ(record.key, kControlKey);
      out.push_back(decode_marker(record.value)->run.value);
    }
    return out;
  }
  /// The view behind the last marker of partition 0.
  MappingView view() {
    const auto records = log.stored({"clicks.raw", Partition{0}});
    if (records.empty()) return {};
    auto marker = decode_marker(records.rbegin()->second.value);
    return {marker->run, marker->aborted};
  }
  std::string who(std::string_view guid, TimeMs time = from_unix_ms(1'431'857'103'000)) {
    const auto row = store.peek("mapping", mapping_row("shop", guid));
    return std::string(resolve(*history_of(row), view(), time, {}, {}).customer);
  }
  std::map<std::uint64_t, RunStatus> statuses() {
    RunRegistry registry(store, "state", {});
    auto runs = *registry.all();
    mark_undone(runs);
    std::map<std::uint64_t, RunStatus> out;
    for (const auto& r : runs) out[r.run.value] = r.status;
    return out;
  }

  FakeTableStore store;
  test::ManualExecutor timer;
  FakeEventLog log{timer};
  Names names;
  TimeMs clock = from_unix_ms(1'431'857'103'000);
  int owners = 0;
};

using Runs = std::vector<std::uint64_t>;

TEST_F(RefreshTest, a_file_becomes_a_run_and_its_marker_is_in_every_partition) {
  const auto report = refresh("guid,customer,valid_from\ng1,ann,\ng2,bob,2015-05-17T10:00:00Z\ng3,,\n");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->run, RunId{1});
  EXPECT_EQ(report->counts, (RunCounts{3, 0, 2, 1, 0, 0, 3}));
  for (int p = 0; p < kPartitions; ++p) EXPECT_EQ(markers(p), Runs{1});
  ASSERT_EQ(report->markers.size(), 3u);
  EXPECT_EQ(report->markers[2].partition, Partition{2});
  EXPECT_EQ(report->markers[2].offset, Offset{0});
  EXPECT_EQ(who("g1"), "ann");
  EXPECT_EQ(who("g2"), "bob");
  EXPECT_EQ(who("g3"), "");
  EXPECT_EQ(statuses(), (std::map<std::uint64_t, RunStatus>{{1, RunStatus::kComplete}}));
}

TEST_F(RefreshTest, tables_that_came_back_from_a_backup_give_no_number_twice) {
  ASSERT_TRUE(refresh("guid,customer\ng1,ann\n"));
  const auto restore = store.save();
  ASSERT_TRUE(refresh("guid,customer\ng1,bob\n"));
  restore();
  auto o = options();
  o.after = RunId{2};  // as ingest's commits say
  const auto again = refresh("guid,customer\ng1,bob\n", o);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->run, RunId{3});
  EXPECT_EQ(who("g1"), "bob");
}

TEST_F(RefreshTest, only_what_changed_is_written_and_listed) {
  ASSERT_TRUE(refresh("guid,customer\ng1,ann\ng2,bob\ng3,\n"));
  const auto report = refresh("guid,customer\ng1,ann\ng2,cid\ng3,\ng4,dan\n");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->counts, (RunCounts{4, 0, 2, 0, 0, 2, 2}));
  EXPECT_EQ(store.peek("mapping", mapping_row("shop", "g1")).cells.size(), 1u);
  EXPECT_EQ(store.peek("mapping", mapping_row("shop", "g2")).cells.size(), 2u);
  const auto listed = decode_changed(*store.peek("state", run_row(RunId{2}), "s", changed_qualifier(0)));
  std::vector<std::uint64_t> expected{guid_hash("shop", "g2"), guid_hash("shop", "g4")};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(listed, expected);
}

TEST_F(RefreshTest, the_last_of_several_lines_for_a_device_and_time_holds) {
  // In one batch, and in different ones (a batch is 3 lines).
  const auto report = refresh("guid,customer\ng1,ann\ng1,bob\ng2,x\ng3,x\ng4,x\ng2,y\ng5,x\ng6,x\ng2,x\n");
  ASSERT_TRUE(report);
  EXPECT_EQ(who("g1"), "bob");
  EXPECT_EQ(who("g2"), "x");
  ASSERT_TRUE(refresh("guid,customer\ng2,z\ng7,x\ng8,x\ng2,x\n"));  // back to what was before the run
  EXPECT_EQ(who("g2"), "x");
}

TEST_F(RefreshTest, ndjson_and_other_merchants_work) {
  const auto report = refresh(R"({"guid":"g1","customer":"ann","merchant":"Other"})"
                              "\n"
                              R"({"guid":"g1","customer":"bob"})");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(who("g1"), "bob");
  EXPECT_EQ(store.peek("mapping", mapping_row("other", "g1")).cells.size(), 1u);
}

TEST_F(RefreshTest, bad_lines_refuse_the_file_and_nothing_changes) {
  std::vector<std::uint64_t> told;
  auto o = options();
  o.on_bad_line = [&](const BadLine& line) { told.push_back(line.line); };
  const auto report = refresh("guid,customer\ng1,ann\n,x\ng2\n", o);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(report.error().message, "2 of 3 lines are bad (line 3: `guid` is missing or empty); nothing was changed");
  EXPECT_EQ(told, (Runs{3, 4}));
  EXPECT_EQ(markers(0), Runs{});
  EXPECT_EQ(who("g1"), "");
  EXPECT_EQ(statuses().at(1), RunStatus::kAborted);
  EXPECT_TRUE(refresh("guid,customer\ng1,bob\n"));  // the lock is free again
  EXPECT_EQ(who("g1"), "bob");
}

TEST_F(RefreshTest, as_many_bad_lines_as_allowed_are_passed_over) {
  auto o = options();
  o.max_bad_lines = 2;
  const auto report = refresh("guid,customer\ng1,ann\n,x\ng2\n", o);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->counts.bad, 2u);
  EXPECT_EQ(who("g1"), "ann");
  o.scope = RefreshScope::kFull;
  EXPECT_EQ(refresh("guid,customer\ng1,ann\n", o).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(RefreshTest, a_header_that_is_none_changes_nothing) {
  EXPECT_EQ(refresh("g1,ann\n").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(markers(0), Runs{});
}

std::string csv_of(int from, int to, const std::string& customer = "c") {
  std::string csv = "guid,customer,valid_from\n";
  for (int i = from; i < to; ++i) csv += "g" + std::to_string(i) + "," + customer + ",2015-05-17T10:00:00Z\n";
  return csv;
}

TEST_F(RefreshTest, a_full_refresh_removes_what_the_file_no_longer_has) {
  ASSERT_TRUE(refresh(csv_of(0, 20)));
  ASSERT_TRUE(refresh("guid,customer,merchant\ng0,x,other\n"));
  auto o = options();
  o.scope = RefreshScope::kFull;
  const auto report = refresh(csv_of(3, 22), o);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->counts.removed, 3u);
  EXPECT_EQ(report->counts.assigned, 2u);
  EXPECT_EQ(report->counts.unchanged, 17u);
  EXPECT_EQ(report->counts.changed_guids, 5u);
  EXPECT_EQ(who("g0"), "");
  EXPECT_EQ(who("g3"), "c");
  EXPECT_EQ(who("g21"), "c");
  const auto other = store.peek("mapping", mapping_row("other", "g0"));
  EXPECT_EQ(resolve(*history_of(other), view(), clock, {}, {}).customer, "x");
  // Said again, it is back.
  ASSERT_TRUE(refresh(csv_of(0, 1)));
  EXPECT_EQ(who("g0"), "c");
}

TEST_F(RefreshTest, a_full_refresh_removes_single_times_too) {
  ASSERT_TRUE(refresh("guid,customer,valid_from\ng,ann,\ng,bob,2015-05-17T10:00:00Z\ng,,2015-05-18T10:00:00Z\n"));
  auto o = options();
  o.scope = RefreshScope::kFull;
  o.max_vanished_percent = 100;
  ASSERT_TRUE(refresh("guid,customer,valid_from\ng,ann,\ng,,2015-05-18T10:00:00Z\n", o));
  EXPECT_EQ(who("g"), "ann");
}

TEST_F(RefreshTest, too_much_that_vanishes_is_refused_without_force) {
  ASSERT_TRUE(refresh(csv_of(0, 20)));
  auto o = options();
  o.scope = RefreshScope::kFull;
  auto refused = refresh(csv_of(5, 20), o);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message.substr(0, 53), "the file lacks 5 of the 20 mappings of merchant shop,");
  EXPECT_EQ(refresh("", o).error().code, ErrorCode::kInvalidArgument);  // everything would vanish
  EXPECT_EQ(who("g0"), "c");
  EXPECT_EQ(markers(1), Runs{1});
  ASSERT_TRUE(refresh(csv_of(4, 20), o));  // 20 % exactly
  EXPECT_EQ(who("g3"), "");
  o.max_vanished_percent = 100;
  ASSERT_TRUE(refresh("guid,customer\n", o));
  EXPECT_EQ(who("g10"), "");
}

TEST_F(RefreshTest, a_small_merchant_that_vanishes_is_not_hidden_by_a_large_one) {
  std::string csv = "guid,customer,merchant\ntiny1,x,tiny\ntiny2,x,tiny\n";
  for (int i = 0; i < 100; ++i) csv += "g" + std::to_string(i) + ",c,large\n";
  ASSERT_TRUE(refresh(csv));
  auto o = options();
  o.scope = RefreshScope::kFull;
  csv.erase(csv.find("tiny1"), std::string("tiny1,x,tiny\n").size());
  EXPECT_EQ(refresh(csv, o).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(RefreshTest, a_full_refresh_over_its_memory_is_refused) {
  auto o = options();
  o.scope = RefreshScope::kFull;
  o.full_memory = 4_KiB;
  EXPECT_EQ(refresh(csv_of(0, 2000), o).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(who("g0"), "");
}

TEST_F(RefreshTest, an_undo_takes_the_newest_run_back) {
  ASSERT_TRUE(refresh("guid,customer\ng1,ann\n"));
  ASSERT_TRUE(refresh("guid,customer\ng1,wrong\ng2,wrong\n"));
  EXPECT_EQ(undo(1).error().code, ErrorCode::kInvalidArgument);  // run 2 builds on it
  const auto report = undo(2);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->run, RunId{3});
  EXPECT_EQ(who("g1"), "ann");
  EXPECT_EQ(who("g2"), "");
  EXPECT_EQ(markers(2), (Runs{1, 2, 3}));
  EXPECT_EQ(statuses().at(2), RunStatus::kUndone);
  EXPECT_EQ(undo(2).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(undo(9).error().code, ErrorCode::kInvalidArgument);

  ASSERT_TRUE(undo(3));  // and the undo itself, while nothing came after it
  EXPECT_EQ(who("g1"), "wrong");
  ASSERT_TRUE(undo(2));
  ASSERT_TRUE(undo(1));
  EXPECT_EQ(who("g1"), "");
  ASSERT_TRUE(refresh("guid,customer\ng1,ann\n"));  // written again, though a run that no longer counts said so
  EXPECT_EQ(who("g1"), "ann");
  EXPECT_EQ(undo(5).error().code, ErrorCode::kInvalidArgument) << "a refresh came after that undo";
}

TEST_F(RefreshTest, only_one_refresh_is_at_work) {
  auto o = options();
  o.at_step = [&](std::string_view step) {
    if (step != "claimed") return true;
    const auto second = refresh("guid,customer\ng1,bob\n");
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(second.error().message.find("owner-1"), std::string::npos) << second.error().message;
    return true;
  };
  ASSERT_TRUE(refresh("guid,customer\ng1,ann\n", o));
  EXPECT_EQ(who("g1"), "ann");
}

TEST_F(RefreshTest, the_lock_of_a_dead_refresh_is_taken_over_when_it_is_stale) {
  auto dying = options();
  dying.at_step = [](std::string_view step) { return step != "batch"; };
  EXPECT_EQ(refresh(csv_of(0, 10, "dead"), dying).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(refresh(csv_of(0, 10)).error().code, ErrorCode::kUnavailable);
  clock += 59s;
  EXPECT_EQ(refresh(csv_of(0, 10)).error().code, ErrorCode::kUnavailable);
  clock += 1s;
  const auto report = refresh(csv_of(0, 10));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->aborted, std::vector<RunId>{RunId{1}});
  EXPECT_EQ(report->run, RunId{2});
  EXPECT_EQ(who("g0"), "c");
}

TEST_F(RefreshTest, a_holder_that_is_known_to_be_gone_is_not_waited_for) {
  auto dying = options();
  dying.at_step = [](std::string_view step) { return step != "claimed"; };
  EXPECT_FALSE(refresh(csv_of(0, 1), dying));
  auto o = options();
  o.lock.owner_is_gone = [](std::string_view owner) { return owner == "owner-1"; };
  EXPECT_TRUE(refresh(csv_of(0, 1), o));
}

TEST_F(RefreshTest, one_that_is_cancelled_cleans_up_so_that_the_next_need_not_wait) {
  std::stop_source source;
  auto cancelled = options();
  cancelled.cancelled = source.get_token();
  cancelled.at_step = [&](std::string_view step) { return step != "batch" || source.request_stop() || true; };
  EXPECT_EQ(refresh(csv_of(0, 9), cancelled).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(statuses(), (std::map<std::uint64_t, RunStatus>{{1, RunStatus::kAborted}}));
  EXPECT_TRUE(refresh(csv_of(0, 9)));
  EXPECT_EQ(markers(0), Runs{2});
}

TEST_F(RefreshTest, one_that_is_cancelled_after_it_was_completed_is_published) {
  std::stop_source source;
  auto late = options();
  late.cancelled = source.get_token();
  late.at_step = [&](std::string_view step) { return step != "completed" || source.request_stop() || true; };
  EXPECT_TRUE(refresh(csv_of(0, 9), late));
  EXPECT_EQ(markers(0), Runs{1});
}

TEST_F(RefreshTest, one_that_was_taken_to_be_dead_and_lives_changes_nothing) {
  auto slow = options();
  bool taken_over = false;
  slow.at_step = [&](std::string_view step) {
    if (step == "listed") {  // all cells are written, only completing is left
      clock += 60s;
      EXPECT_TRUE(refresh("guid,customer\ng1,ann\n"));
      taken_over = true;
    }
    return true;
  };
  const auto report = refresh("guid,customer\ng1,zombie\ng2,zombie\n", slow);
  ASSERT_TRUE(taken_over);
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_NE(report.error().message.find("run 1 was aborted by another refresh"), std::string::npos)
      << report.error().message;
  EXPECT_EQ(who("g1"), "ann");
  EXPECT_EQ(who("g2"), "");
  EXPECT_EQ(markers(0), Runs{2});
  EXPECT_EQ(statuses(), (std::map<std::uint64_t, RunStatus>{{1, RunStatus::kAborted}, {2, RunStatus::kComplete}}));
}

TEST_F(RefreshTest, signs_of_life_keep_a_long_refresh_from_being_taken_over) {
  auto o = options();
  int tries = 0;
  o.at_step = [&](std::string_view step) {
    if (step == "batch") {
      clock += 50s;
      ++tries;
    }
    return true;
  };
  // Between its batches it is silent for 50 s, within the 60 s; over all for minutes.
  ASSERT_TRUE(refresh(csv_of(0, 30), o));
  EXPECT_GE(tries, 10);
}

TEST_F(RefreshTest, retried_answers_and_lost_ones_do_not_matter) {
  using Call = FakeTableStore::Call;
  for (const auto when : {When::kBeforeApplying, When::kAfterApplying}) {
    for (const auto call : {Call::kPut, Call::kGet, Call::kScan, Call::kCheckAndPut}) {
      for (int skip = 0; skip < 4; ++skip) {
        store.faults().fail_after(call, skip, ErrorCode::kTimedOut, when);
        const auto name = "c" + std::to_string(++owners);
        const auto report = refresh(csv_of(0, 10, name));
        ASSERT_TRUE(report) << report.error().message << " " << static_cast<int>(call) << " " << skip;
        ASSERT_EQ(who("g0"), name);
        store.faults().heal(call);
      }
    }
  }
  for (const auto& [run, status] : statuses()) EXPECT_EQ(status, RunStatus::kComplete) << run;
}

TEST_F(RefreshTest, a_world_that_stays_away_ends_the_refresh_and_the_next_one_is_right) {
  using Call = FakeTableStore::Call;
  auto o = options();
  o.patience.give_up_after = o.lock.patience.give_up_after = 5ms;
  o.at_step = [&](std::string_view step) {
    if (step == "claimed") store.faults().fail_always(Call::kPut, ErrorCode::kUnavailable);
    return true;
  };
  EXPECT_EQ(refresh(csv_of(0, 10), o).error().code, ErrorCode::kUnavailable);
  store.faults().heal(Call::kPut);
  EXPECT_TRUE(refresh(csv_of(0, 10)));
  EXPECT_EQ(who("g9"), "c");
}

TEST_F(RefreshTest, a_marker_that_could_not_be_written_is_written_by_the_next_call) {
  log.faults().fail_after(FakeEventLog::Call::kAppend, 1, ErrorCode::kFailed);
  const auto report = refresh("guid,customer\ng1,ann\n");
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("run 1 is complete"), std::string::npos);
  const auto published = publish_latest_marker(store, log, names, {200ms, 1ms});
  ASSERT_TRUE(published);
  EXPECT_EQ(published->run, RunId{1});
  EXPECT_EQ(published->markers.size(), 3u);
  EXPECT_EQ(markers(0), (Runs{1, 1}));
  EXPECT_EQ(markers(1), (Runs{1}));
  EXPECT_TRUE(publish_latest_marker(store, log, names, {200ms, 1ms})->markers.empty());
}

TEST_F(RefreshTest, markers_reach_a_topic_made_again_and_its_new_partitions) {
  EXPECT_FALSE(publish_latest_marker(store, log, names, {200ms, 1ms})->run);
  ASSERT_TRUE(refresh("guid,customer\ng1,ann\n"));
  log.make_again("clicks.raw");
  ASSERT_TRUE(publish_latest_marker(store, log, names, {200ms, 1ms}));
  EXPECT_EQ(markers(2), Runs{1});
  Names elsewhere;
  elsewhere.raw_topic_name = "absent";
  EXPECT_EQ(publish_latest_marker(store, log, elsewhere, {200ms, 1ms}).error().code, ErrorCode::kNotFound);
}

/// Dies at every single step of a full refresh, once at each; then it is done again.
TEST_F(RefreshTest, after_dying_at_any_point_doing_it_again_is_right) {
  ASSERT_TRUE(refresh(csv_of(0, 20, "old")));
  std::vector<std::string> steps;
  int round = 0;
  for (std::size_t die_at = 0;; ++die_at) {
    ++round;
    const auto name = "new" + std::to_string(round);
    // Each round drops the first device of the range that the round before had.
    const auto csv = csv_of(round, 20 + round, name);
    const auto before = who("g" + std::to_string(round + 5));
    const auto runs_before = statuses().rbegin()->first;
    auto dying = options();
    dying.scope = RefreshScope::kFull;
    std::size_t seen = 0;
    std::string died_at;
    dying.at_step = [&](std::string_view step) {
      if (seen++ != die_at) return true;
      died_at = step;
      return false;
    };
    const auto killed = refresh(csv, dying);
    if (killed) {
      EXPECT_EQ(died_at, "");
      break;  // it has no more steps than that
    }
    EXPECT_EQ(killed.error().code, ErrorCode::kCancelled);
    steps.push_back(died_at);
    // Visible whole or not at all.
    const bool completed =
        statuses().rbegin()->second == RunStatus::kComplete && statuses().rbegin()->first > runs_before;
    if (completed) EXPECT_TRUE(died_at == "completed" || died_at == "published") << died_at;
    if (died_at != "published") EXPECT_EQ(who("g" + std::to_string(round + 5)), before) << died_at;

    clock += 61s;
    auto again = options();
    again.scope = RefreshScope::kFull;
    const auto report = refresh(csv, again);
    ASSERT_TRUE(report) << died_at << ": " << report.error().message;
    for (int i = 0; i < 20 + round; ++i) {
      ASSERT_EQ(who("g" + std::to_string(i)), i < round ? "" : name) << died_at << " g" << i;
    }
    ASSERT_EQ(markers(0), markers(1)) << died_at;
    // No complete run is missing in the log, no other is in it.
    std::vector<std::uint64_t> complete;
    for (const auto& [run, status] : statuses()) {
      if (status == RunStatus::kComplete) complete.push_back(run);
    }
    auto in_log = markers(2);
    in_log.erase(std::unique(in_log.begin(), in_log.end()), in_log.end());
    ASSERT_EQ(in_log, complete) << died_at;
  }
  for (const auto* step : {"lock", "aborted_dead", "marker_repeated", "claimed", "batch", "sweep", "swept", "listed",
                           "completed", "published"}) {
    EXPECT_NE(std::find(steps.begin(), steps.end(), step), steps.end()) << step;
  }
}

}  // namespace
}  // namespace guidepost::identity
