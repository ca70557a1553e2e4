// Ingest and aggregate together, over fakes: what is told and asked; that nothing can make a number wrong is for tests/sim.
#include "sim/world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/text.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/control.hpp"
#include "identity/refresh.hpp"
#include "identity/runs.hpp"
#include "support/shown_metrics.hpp"
#include "worker/versions.hpp"

namespace guidepost::worker {
namespace {

using test::page_view;
using test::Process;
using test::shown;
using test::World;
using TableCall = test::FakeTableStore::Call;

/// Small limits, so that short tests have many blocks, flushes and commits.
IngestOptions quick_ingest() {
  IngestOptions options;
  options.block = {.events = 7, .bytes = Bytes{4096}, .age = std::chrono::milliseconds{50}};
  options.commit_interval = std::chrono::milliseconds{100};
  options.dedupe_offsets = 60;
  options.block.encoded = Bytes{9000};  // some go out in pieces
  // Devices come back after more than a gap, after more events than are kept, and out of reach.
  options.sessions = {.gap = std::chrono::minutes{5},
                      .offsets = 250,
                      .memory = Bytes{14'000},
                      .events = 3,
                      .bot_events = 3,
                      .bot_window = std::chrono::minutes{20}};
  return options;
}

AggregateOptions quick_aggregate() {
  AggregateOptions options;
  options.flush = {.min_dirty = 2, .dirty_share = 64, .max_age = std::chrono::milliseconds{400}};
  options.commit_interval = std::chrono::milliseconds{150};
  options.page.chunk_bytes = Bytes{1500};  // pages split,
  options.page_put = Bytes{300};  // and go out in pieces
  return options;
}

TEST(Pipeline, CountsEachEventOnceAndEveryOffsetInTheLedger) {
  World world;
  world.raw(page_view("a", 1, "e1"));
  world.raw(page_view("a", 2, "e2"));
  world.raw(page_view("a", 1, "e1"));
  world.raw("not json");
  world.log.append_hole({world.names.raw_topic(), Partition{0}}, 2);
  world.raw(page_view("b", 20, "e3"));
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  const auto seen = test::readable(world.tables, world.names);
  EXPECT_NE(seen.find("'': 3 1 1 2"), std::string::npos) << seen;
  EXPECT_NE(seen.find("'shop': 3 0 1 0"), std::string::npos) << seen;
  EXPECT_NE(seen.find("'-': 0 1 0 0"), std::string::npos) << seen;
  EXPECT_NE(seen.find("total human 1963584 '': 2 2 0 0 0 1 0 1 60000 0 0 ~1 ~1"), std::string::npos) << seen;
}

TEST(Pipeline, KeepsWhatOnlyLooksLikeAControlRecord) {
  World world;
  world.raw(page_view("a", 1, "e1"));
  world.raw("not a marker", Partition{0}, std::string(event::kControlKey));
  world.raw("", Partition{0}, std::string(event::kControlKey));
  world.raw(page_view("a", 2, "e2"));
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  const auto seen = test::readable(world.tables, world.names);
  EXPECT_NE(seen.find("'': 2 2 0 0"), std::string::npos) << seen;
  EXPECT_NE(seen.find("'-': 0 2 0 0"), std::string::npos) << seen;
  std::vector<std::pair<std::string, std::string>> kept;
  for (const auto& row : world.tables.peek_all(world.names.bad())) {
    const auto bad = event::parse_bad_row(row).value().bad;
    kept.emplace_back(event::to_string(bad.reason), bad.bytes);
  }
  using Kept = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(kept, (Kept{{"control_invalid", "not a marker"}, {"control_invalid", ""}}));
}

TEST(Pipeline, CutsALongRangeOfHolesIntoSeveralBlocks) {
  World world;
  world.raw(page_view("a", 1, "e1"));
  world.log.append_hole({world.names.raw_topic(), Partition{0}}, 100'000);
  world.raw(page_view("a", 2, "e2"));
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  EXPECT_NE(test::readable(world.tables, world.names).find("'': 2 0 0 100000"), std::string::npos);
}

TEST(Pipeline, CommitsOnlyWhatIsDurableAndHasItsPositionDurableBefore) {
  World world;
  for (int i = 0; i < 30; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  world.tables.faults().hold(TableCall::kPut);
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  const TopicPartition resolved{world.names.resolved_topic(), Partition{0}};
  EXPECT_FALSE(world.log.commit_of(world.names.aggregate_group(), resolved).has_value());
  world.tables.faults().release(TableCall::kPut);
  world.settle();
  const auto commit = world.log.commit_of(world.names.aggregate_group(), resolved);
  ASSERT_TRUE(commit.has_value());
  EXPECT_EQ(commit->position, Offset{static_cast<std::int64_t>(world.log.stored(resolved).size())});
  EXPECT_EQ(world.tables.peek(world.names.state(), "position/v1/00000001", "s", "offset"), "30");
}

TEST(Pipeline, GoesOnWhereItStoppedAfterADrain) {
  World world;
  for (int i = 0; i < 20; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_TRUE(process.drain());
  }
  for (int i = 20; i < 40; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  const auto blocks = world.log.stored({world.names.resolved_topic(), Partition{0}}).size();
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  EXPECT_EQ(test::readable(world.tables, world.names).find("'': 40 0 0 0") == std::string::npos, false);
  const auto stored = world.log.stored({world.names.resolved_topic(), Partition{0}});
  ASSERT_GT(stored.size(), blocks);
  EXPECT_EQ(event::Block::decode(stored.at(Offset{static_cast<std::int64_t>(blocks)}).value)->decisions().from,
            Offset{20});
}

TEST(Pipeline, WaitsForTablesAndTopicsThatAreNotThereYet) {
  test::ManualExecutor executor;
  World world;
  world.tables.faults().fail_always(TableCall::kGet, ErrorCode::kNotFound);
  world.raw(page_view("a", 1, "e1"));
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle(std::chrono::minutes{5});
  EXPECT_TRUE(process.failures().empty());
  world.tables.faults().heal(TableCall::kGet);
  world.settle();
  EXPECT_NE(test::readable(world.tables, world.names).find("'': 1 0 0 0"), std::string::npos);
}

/// Twenty records that are counted, and twenty more that nobody has decided about. Another partition has one, and works.
struct Undecided20 {
  Undecided20() {
    write(0, 20);
    {
      Process process(world, quick_ingest(), quick_aggregate());
      world.settle();
      EXPECT_TRUE(process.drain());
    }
    write(20, 40);
    world.raw(page_view("b", 1, "other"), Partition{1});
  }
  void write(int from, int to) {
    for (int i = from; i < to; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  }
  std::vector<Gap> gaps() {
    StateTable state(world.tables, world.names);
    return *await<std::vector<Gap>>([&](auto done) { state.gaps(std::move(done)); });
  }
  void accept(const Gap& gap) {
    GapTable table(world.tables, world.names.state());
    ASSERT_TRUE(await<void>([&](auto done) {
      table.accept(world.names.version, gap, {world.executor.wall(), "on call"}, std::move(done));
    }));
  }
  bool reads(std::string_view line) const {
    return test::readable(world.tables, world.names).find(line) != std::string::npos;
  }
  const TopicPartition raw{"clicks.raw", Partition{0}};
  World world{2};
};

TEST(Pipeline, WaitsWhereRetentionTookRecordsAndSaysWhichWhileOtherPartitionsGoOn) {
  Undecided20 test;
  test.world.log.truncate_before(test.raw, Offset{30});
  Process process(test.world, quick_ingest(), quick_aggregate());
  test.world.settle();
  EXPECT_TRUE(process.failures().empty());
  EXPECT_EQ(process.ingest_status().phase, "waiting");
  EXPECT_EQ(process.ingest_status(Partition{1}).phase, "running");
  EXPECT_TRUE(test.reads("'': 21 0 0 0") || test.reads("'': 1 0 0 0")) << "the other partition is not counted";
  const auto gaps = test.gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(to_string(gaps[0]), fmt::format("{}:20-30", gaps[0].source.value));
  EXPECT_EQ(gaps[0].cause, GapCause::kRetention);
  EXPECT_EQ(process.ingest_status().gap, gaps[0]);
  EXPECT_EQ(gaps[0].before, test.world.log.stored(test.raw).at(Offset{30}).time);
  EXPECT_NE(gaps[0].after, TimeMs{});
  EXPECT_FALSE(gaps[0].accepted);
}

TEST(Pipeline, EndsWhereRetentionTookRecordsIfItIsTheReplayOfAnotherVersion) {
  Undecided20 test;
  test.world.log.truncate_before(test.raw, Offset{30});
  auto options = quick_ingest();
  options.fails_at_gap = true;
  Process process(test.world, options, quick_aggregate());
  test.world.settle();
  ASSERT_EQ(process.failures().size(), 1U);
  EXPECT_EQ(process.failures()[0].code, ErrorCode::kOutOfRange);
  EXPECT_NE(process.failures()[0].message.find("offsets 20 to 30 of partition 0"), std::string::npos)
      << process.failures()[0].message;
}

TEST(Pipeline, GoesOnBehindAGapThatIsGivenUpAndCountsItAsLost) {
  Undecided20 test;
  test.world.log.truncate_before(test.raw, Offset{30});
  {
    Process process(test.world, quick_ingest(), quick_aggregate());
    test.world.settle();
    test.accept(test.gaps().at(0));
    test.world.settle();
    EXPECT_EQ(process.ingest_status().phase, "running");
    EXPECT_FALSE(process.ingest_status().gap);
    EXPECT_TRUE(test.reads("'': 30 0 0 0 10 lost")) << test::readable(test.world.tables, test.world.names);
    EXPECT_TRUE(process.drain());
  }
  test.write(40, 42);
  Process process(test.world, quick_ingest(), quick_aggregate());
  test.world.settle();
  EXPECT_TRUE(process.failures().empty()) << process.failures()[0].message;
  EXPECT_TRUE(test.reads("'': 32 0 0 0 10 lost")) << test::readable(test.world.tables, test.world.names);
}

TEST(Pipeline, NothingIsLeftOfAGapThatOthersHadDecidedAfterAll) {
  Undecided20 test;
  auto& faults = test.world.log.faults();
  faults.hold(test::FakeEventLog::Call::kAppend, test::When::kBeforeApplying);
  {
    Process process(test.world, quick_ingest(), quick_aggregate());
    test.world.settle(std::chrono::seconds{2});
  }  // dies with its blocks on their way
  test.world.log.truncate_before(test.raw, Offset{30});
  Process another(test.world, quick_ingest(), quick_aggregate());
  test.world.settle(std::chrono::seconds{2});
  EXPECT_EQ(another.ingest_status().phase, "waiting");
  EXPECT_EQ(test.gaps().size(), 1U);
  faults.release(test::FakeEventLog::Call::kAppend);
  test.world.settle();
  EXPECT_EQ(another.ingest_status().phase, "running");
  EXPECT_TRUE(test.gaps().empty()) << to_string(test.gaps()[0]);
  EXPECT_TRUE(test.reads("'': 40 0 0 0") || test.reads("'': 41 0 0 0"))
      << test::readable(test.world.tables, test.world.names);
}

TEST(Pipeline, WaitsAgainWhereRetentionTookMoreThanWasGivenUp) {
  Undecided20 test;
  test.world.log.truncate_before(test.raw, Offset{30});
  Process process(test.world, quick_ingest(), quick_aggregate());
  test.world.settle();
  const auto first = test.gaps().at(0);
  process.drain();
  test.world.log.truncate_before(test.raw, Offset{35});
  test.accept(first);
  Process another(test.world, quick_ingest(), quick_aggregate());
  test.world.settle();
  EXPECT_EQ(another.ingest_status().phase, "waiting");
  const auto gaps = test.gaps();
  ASSERT_EQ(gaps.size(), 2U);
  EXPECT_EQ(gaps[0].to, Offset{30}) << "what was given up stays what it was";
  EXPECT_EQ(gaps[1].from, Offset{30});
  EXPECT_EQ(gaps[1].to, Offset{35});
  EXPECT_FALSE(gaps[1].accepted);
}

TEST(Pipeline, WaitsWhereRetentionPassesAPositionThatIsBeingWorkedAt) {
  Undecided20 test;
  Process process(test.world, quick_ingest(), quick_aggregate());
  test.world.settle();
  test.world.log.faults().fail_always(test::FakeEventLog::Call::kFetch, ErrorCode::kTimedOut);
  test.write(40, 60);
  test.world.settle();
  test.world.log.truncate_before(test.raw, Offset{50});
  test.world.log.faults().heal(test::FakeEventLog::Call::kFetch);
  test.world.settle();
  EXPECT_TRUE(process.failures().empty());
  ASSERT_EQ(process.ingest_status().phase, "waiting");
  ASSERT_EQ(test.gaps().size(), 1U);
  const auto lost = test.gaps()[0].count();  // the fetch that was under way may have got some
  ASSERT_GT(lost, 5);
  test.accept(test.gaps()[0]);
  test.world.settle();
  EXPECT_TRUE(test.reads(fmt::format("'': {} 0 0 0 {} lost", 60 - lost, lost)))
      << test::readable(test.world.tables, test.world.names);
}

TEST(Pipeline, WaitsWhereTheLogWasCutAlsoWhenItHasGrownAgain) {
  Undecided20 test;
  test.world.log.truncate_after(test.raw, Offset{15});
  {
    Process process(test.world, quick_ingest(), quick_aggregate());
    test.world.settle();
    EXPECT_EQ(process.ingest_status().phase, "waiting");
  }
  test.write(100, 110);  // at [15, 25)
  Process process(test.world, quick_ingest(), quick_aggregate());
  test.world.settle();
  EXPECT_EQ(process.ingest_status().phase, "waiting");
  const auto gaps = test.gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].cause, GapCause::kCut);
  EXPECT_EQ(to_string(gaps[0]), fmt::format("{}:15-20", gaps[0].source.value));
  test.accept(gaps[0]);
  test.world.settle();
  EXPECT_EQ(process.ingest_status().phase, "running");
  EXPECT_TRUE(test.reads("'': 25 0 0 0")) << test::readable(test.world.tables, test.world.names);
}

/// A partition whose first ten records retention has taken, with three more that were decided and one that was not.
struct CutWindow {
  static constexpr auto kDay = std::chrono::hours{24};
  explicit CutWindow(std::chrono::hours idle) {
    at(std::chrono::hours{0});
    for (int i = 0; i < 10; ++i) write(i);
    decide();
    at(idle);
    world.log.truncate_before({world.names.raw_topic(), Partition{0}}, Offset{10});
    for (int i = 10; i < 13; ++i) write(i);
    decide();
    write(13);
  }
  void at(std::chrono::hours since_start) {
    now = since_start;
    world.executor.advance(TimeMs{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}} + now -
                           world.executor.wall());
    world.log.set_append_time(world.executor.wall());
  }
  void write(int i) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now).count();
    world.raw(page_view("a", static_cast<int>(minutes), fmt::format("e{}", i)));
  }
  void decide(IngestOptions options = quick_ingest()) {
    Process process(world, options, quick_aggregate());
    world.settle();
    for (const auto& failure : process.failures()) failures.push_back(failure);
    process.drain();
  }
  World world;
  std::chrono::milliseconds now{};
  std::vector<Error> failures;
};

TEST(Pipeline, GoesOnAfterAPartitionWasIdleForLongerThanItsRetention) {
  CutWindow cut(8 * CutWindow::kDay);
  cut.decide();
  EXPECT_TRUE(cut.failures.empty()) << cut.failures[0].message;
  const auto seen = test::readable(cut.world.tables, cut.world.names);
  EXPECT_NE(seen.find("'': 10 0 0 0"), std::string::npos) << seen;
  EXPECT_NE(seen.find("'': 4 0 0 0"), std::string::npos) << seen;
}

TEST(Pipeline, StopsWhereTheWindowIsCutAndRetentionDoesNotSayWhyUntilAPersonAcceptsIt) {
  CutWindow cut(std::chrono::hours{1});  // something else than retention took them
  cut.at(6 * CutWindow::kDay);  // and ingest is far behind
  cut.decide();
  ASSERT_FALSE(cut.failures.empty());
  EXPECT_EQ(cut.failures.back().code, ErrorCode::kOutOfRange);
  EXPECT_NE(cut.failures.back().message.find("--set ingest.accept_cut_window=true"), std::string::npos)
      << cut.failures.back().message;
  cut.failures.clear();
  auto options = quick_ingest();
  options.accept_cut_window = true;
  cut.decide(options);
  EXPECT_TRUE(cut.failures.empty());
}

TEST(Pipeline, StopsAtATopicThatWasMadeAgainUntilAPersonAcceptsIt) {
  World world;
  world.raw(page_view("a", 1, "e1"));
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_TRUE(process.drain());
  }
  world.log.make_again(world.names.raw_topic());
  world.raw(page_view("a", 2, "e2"));
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    ASSERT_EQ(process.failures().size(), 1U);
    EXPECT_EQ(process.failures()[0].code, ErrorCode::kTopicChanged);
    const auto& message = process.failures()[0].message;
    EXPECT_NE(message.find("--set ingest.accept_topic_id="), std::string::npos) << message;
  }
  auto options = quick_ingest();
  auto described = await<std::optional<TopicState>>(
      [&](auto done) { world.log.describe_topic(world.names.raw_topic(), std::move(done)); });
  options.accept_topic_id = (*described)->id;
  Process process(world, options, quick_aggregate());
  world.settle();
  EXPECT_TRUE(process.failures().empty());
  EXPECT_NE(test::readable(world.tables, world.names).find("'shop': 1 0 0 0"), std::string::npos);
}

TEST(Pipeline, AVersionWhoseBeginningIsNotOfThisSourceStopsInsteadOfBeginningAnew) {
  struct Beginning {
    std::string commit;
    ErrorCode refused_with;
  };
  for (const auto& beginning : {Beginning{"v1 of something else", ErrorCode::kCorrupt},
                                Beginning{IngestCommit{SourceId{7}, RunId{0}}.encode(), ErrorCode::kTopicChanged}}) {
    World world;
    world.raw(page_view("a", 1, "e1"));
    const auto topic = await<std::optional<TopicState>>(
        [&](auto done) { world.log.describe_topic(world.names.raw_topic(), std::move(done)); });
    StateTable state(world.tables, world.names);
    ASSERT_TRUE(await<Source>([&](auto done) {
      state.register_source(world.names.raw_topic(), (*topic)->id, Partition{0}, Offset{0}, std::move(done));
    }));
    VersionTable versions(world.tables, world.names);
    ASSERT_TRUE(await<void>([&](auto done) {
      versions.set_floor(world.names.version, SourceId{1}, Offset{0}, beginning.commit, std::move(done));
    }));
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    ASSERT_EQ(process.failures().size(), 1U) << beginning.commit;
    EXPECT_EQ(process.failures()[0].code, beginning.refused_with) << process.failures()[0].message;
  }
}

TEST(Pipeline, SaysWhichDecidedOffsetsNoBlockHasAlsoAfterARestart) {
  World world;
  for (int i = 0; i < 5; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_EQ(process.aggregate_status().missing, std::nullopt);
    EXPECT_TRUE(process.drain());
  }
  for (int i = 5; i < 9; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  const TopicPartition raw{world.names.raw_topic(), Partition{0}};
  world.log.set_commit(world.names.ingest_group(), raw,
                       {Offset{9}, IngestCommit{SourceId{1}, RunId{0}}.encode()});  // as if 5 to 8 had been sent
  for (int restart = 0; restart < 2; ++restart) {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_EQ(process.aggregate_status().missing, std::pair(Offset{5}, Offset{9}));
  }
  world.log.set_commit(world.names.ingest_group(), raw, {Offset{5}, IngestCommit{SourceId{1}, RunId{0}}.encode()});
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  EXPECT_EQ(process.aggregate_status().missing, std::nullopt) << "ingest went back and decided them";
}

TEST(Pipeline, ShowsHowFarBehindEachStageIsAndSinceWhen) {
  World world;
  const auto age = [&](const std::string& stage) {
    const auto until = shown("guidepost_stage_complete_timestamp_seconds" + stage);
    return static_cast<double>(unix_ms(world.executor.wall())) / 1000 - until.value_or(0);
  };
  const auto send = [&](std::string event) {
    world.log.set_append_time(world.executor.wall());
    world.raw(std::move(event));
  };
  const std::string ingest = R"({partition="0",stage="ingest"})", aggregate = R"({partition="0",stage="aggregate"})";
  {
    Process process(world, quick_ingest(), quick_aggregate());
    send(page_view("a", 1, "e1"));
    world.settle();
    for (const auto& stage : {ingest, aggregate}) {
      EXPECT_EQ(shown("guidepost_stage_running" + stage), 1);
      EXPECT_EQ(shown("guidepost_stage_lag_offsets" + stage), 0);
      EXPECT_EQ(shown("guidepost_stage_committed_offset" + stage), 1);
      EXPECT_LT(age(stage), 10);
    }
    world.tables.faults().fail_always(TableCall::kPut, ErrorCode::kUnavailable);
    send(page_view("a", 2, "e2"));
    world.settle(std::chrono::minutes{10});
    EXPECT_EQ(shown("guidepost_stage_lag_offsets" + ingest), 0);
    EXPECT_EQ(shown("guidepost_stage_lag_offsets" + aggregate), 1);
    EXPECT_LT(age(ingest), 10);
    EXPECT_GT(age(aggregate), 590);
    EXPECT_GT(shown("guidepost_stage_pending_bytes" + aggregate), 0);
  }
  EXPECT_EQ(shown("guidepost_stage_lag_offsets" + aggregate), std::nullopt) << "it has the partition no more";
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_GT(age(aggregate), 590) << "a restart knows how old the oldest is that waits";
    world.tables.faults().heal(TableCall::kPut);
    world.settle();
    EXPECT_LT(age(aggregate), 10);
    EXPECT_EQ(shown("guidepost_stage_lag_offsets" + aggregate), 0);
  }
}

TEST(Pipeline, GoesOnAfterAMarkerAtTheEndOfABatch) {
  World world;
  Process process(world, quick_ingest(), quick_aggregate());
  for (int round = 0; round < 3; ++round) {
    world.raw(page_view("a", round, fmt::format("e{}", round)));
    world.settle();
    identity::RefreshOptions refresh;
    refresh.lock.owner = "owner";
    refresh.default_merchant = "shop";
    std::istringstream file(fmt::format("guid,customer\na,customer-{}\n", round));
    ASSERT_TRUE(identity::run_refresh(refresh, file, world.tables, world.log, world.names, {}));
    world.settle();
  }
  world.raw(page_view("a", 9, "last"));
  world.settle();
  const auto seen = test::readable(world.tables, world.names);
  EXPECT_NE(seen.find("'shop': 4 0 0 0"), std::string::npos) << seen;
}

TEST(Pipeline, ResolvesByTheMarkersBeforeAnEventAlone) {
  World world;
  const auto map = [&](std::uint64_t run, std::string_view customer) {
    const identity::Assignment assignment{
        .valid_from = TimeMs{}, .run = RunId{run}, .kind = identity::Assignment::Kind::kCustomer, .customer = customer};
    await<void>([&](auto done) {
      world.tables.put(world.names.mapping(),
                       {{identity::mapping_row("shop", "a"), {identity::mapping_cell(assignment)}}}, std::move(done));
    });
  };
  world.raw(page_view("a", 1, "before"));
  map(1, "first");
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  const auto seen = test::readable(world.tables, world.names);
  EXPECT_NE(seen.find("identity:resolved_by=none"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("identity:customer=first"), std::string::npos) << "a run without a marker is invisible";
}

TEST(Pipeline, ResolvesWithTheRunOfTheLastMarkerAlsoAfterARestart) {
  World world;
  identity::RefreshOptions refresh;
  refresh.lock.owner = "owner";
  refresh.default_merchant = "shop";
  const auto load = [&](const std::string& csv) {
    std::istringstream file(csv);
    const auto loaded = identity::run_refresh(refresh, file, world.tables, world.log, world.names, {});
    ASSERT_TRUE(loaded) << loaded.error().message;
  };
  world.raw(page_view("a", 1, "e1"));
  load("guid,customer\na,first\n");
  world.raw(page_view("a", 2, "e2"));
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_TRUE(process.drain());
  }
  world.raw(page_view("a", 3, "e3"));
  world.raw(identity::encode_marker({RunId{9}, {}}), Partition{0}, std::string(identity::kControlKey));  // no such run
  world.raw(page_view("a", 4, "e4"));
  load("guid,customer\na,second\n");
  world.raw(page_view("a", 5, "e5"));
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  EXPECT_TRUE(process.failures().empty()) << process.failures()[0].message;
  std::string customers;
  std::istringstream seen(test::readable(world.tables, world.names));
  for (std::string line; std::getline(seen, line);) {
    if (line.starts_with("event ")) customers += "|";
    if (line.starts_with("  identity:customer=")) customers += line.substr(20);
  }
  EXPECT_EQ(customers, "||first|first|first|second");
}

TEST(Pipeline, IndexesEachEventByItsDeviceAndEachDeviceByItsCustomers) {
  World world;
  const auto raw = [&](std::string event, std::string_view customer, std::string_view received) {
    if (!customer.empty()) event.replace(0, 1, fmt::format(R"({{"customer":"{}",)", customer));
    world.raw(fmt::format(R"({{"received":"{}","event":{}}})", received, event));
  };
  raw(page_view("a", 1, "e1"), "anna", "2026-01-01T01:00:30Z");
  raw(page_view("a", 2, "e2"), "anna", "2026-01-01T01:00:10Z");
  raw(page_view("a", 3, "e3"), "bert", "2026-01-01T01:00:20Z");
  raw(page_view("a", 3, "e3"), "bert", "2026-01-01T01:00:50Z");  // a duplicate
  raw(page_view("b", 4, "e4"), "anna", "2026-02-01T01:00:40Z");  // too late
  raw(page_view("b", 4, "e5"), "", "2026-01-01T01:00:40Z");
  raw(R"({"event_id":"e6","type":"call","time":"2026-01-01T00:05:00Z","merchant":"shop"})", "anna",
      "2026-01-01T01:00:45Z");
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  std::istringstream seen(test::readable(world.tables, world.names));
  std::vector<std::string> index;
  for (std::string line; std::getline(seen, line);) {
    if (line.starts_with("index ")) index.push_back(line.substr(6));
  }
  std::sort(index.begin(), index.end());
  const auto at = [](int second) { return fmt::format(" i:=@{}", 1'767'229'200'000 + second * 1000); };
  EXPECT_EQ(index, (std::vector<std::string>{"device shop anna a" + at(30), "device shop bert a" + at(20),
                                             "event shop a 2026-01-01T00:01:00Z 0 there" + at(30),
                                             "event shop a 2026-01-01T00:02:00Z 1 there" + at(10),
                                             "event shop a 2026-01-01T00:03:00Z 2 there" + at(20),
                                             "event shop b 2026-01-01T00:04:00Z 5 there" + at(40),
                                             "event shop c:anna 2026-01-01T00:05:00Z 6 there" + at(45)}));
}

}  // namespace
}  // namespace guidepost::worker
