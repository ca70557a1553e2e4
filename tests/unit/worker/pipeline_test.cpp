// Ingest and aggregate together, over fakes: the rules of applying under crashes, zombies and faults.
#include "unit/worker/pipeline.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "base/text.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/control.hpp"
#include "identity/refresh.hpp"
#include "identity/runs.hpp"
#include "worker/aggregate/aggregate_metrics.hpp"

namespace guidepost::worker {
namespace {

using test::page_view;
using test::Process;
using test::World;
using LogCall = test::FakeEventLog::Call;
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
  options.page_put = Bytes{300};           // and go out in pieces
  return options;
}

/// A stream with everything in it: several pages, late events, duplicates near and far, bad events, holes, devices
/// of several customers. The same records for a seed, however they are divided over calls.
class Stream {
 public:
  Stream(World& world, unsigned seed) : world_(world), random_(seed) {}
  void write(int records) {
    for (int n = 0; n < records; ++n, ++i_) {
      const auto p = random_() % 100;
      if (p < 3) {
        world_.raw("{\"type\": broken");
      } else if (p < 6) {
        world_.log.append_hole({world_.names.raw_topic(), Partition{0}}, 1 + static_cast<std::int64_t>(random_() % 3));
      } else if (p < 12 && !sent_.empty()) {
        world_.raw(sent_[random_() % sent_.size()]);
      } else {
        sent_.push_back(
            received_some_time(page_view(fmt::format("guid-{}", random_() % 40), static_cast<int>(random_() % 90),
                                         fmt::format("e{}", i_), fmt::format("/product/{}", random_() % 60))));
        world_.raw(sent_.back());
      }
    }
  }

 private:
  /// In an envelope, some with a claim: a customer's devices come with record times in no order.
  std::string received_some_time(std::string event) {
    if (random_() % 3 == 0) event.replace(0, 1, fmt::format(R"({{"customer":"c-{}",)", random_() % 5));
    const auto received =
        std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::seconds{random_() % 9000};
    return fmt::format(R"({{"received":"{}","event":{}}})", text::rfc3339(received), event);
  }

  World& world_;
  std::mt19937 random_;
  std::vector<std::string> sent_;
  int i_ = 0;
};

/// The first line in which two results differ; empty where none does.
std::string first_difference(const std::string& got, const std::string& expected) {
  std::istringstream a(got);
  std::istringstream b(expected);
  std::string in_a;
  std::string in_b;
  while (true) {
    const bool more_a = static_cast<bool>(std::getline(a, in_a));
    const bool more_b = static_cast<bool>(std::getline(b, in_b));
    if (!more_a && !more_b) return {};
    if (in_a != in_b || more_a != more_b) return "got '" + in_a + "' instead of '" + in_b + "'";
  }
}

std::string calm_result(unsigned seed, int records) {
  World world;
  Stream(world, seed).write(records);
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  EXPECT_TRUE(process.drain());
  EXPECT_TRUE(process.failures().empty());
  return test::readable(world.tables, world.names);
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

TEST(Pipeline, StopsAtARecordThatRetentionTookAndSaysWhich) {
  World world;
  for (int i = 0; i < 20; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  {
    Process process(world, quick_ingest(), quick_aggregate());
    world.settle();
    EXPECT_TRUE(process.drain());
  }
  for (int i = 20; i < 40; ++i) world.raw(page_view("a", i, fmt::format("e{}", i)));
  world.log.truncate_before({world.names.raw_topic(), Partition{0}}, Offset{30});
  Process process(world, quick_ingest(), quick_aggregate());
  world.settle();
  ASSERT_EQ(process.failures().size(), 1U);
  EXPECT_EQ(process.failures()[0].code, ErrorCode::kOutOfRange);
  EXPECT_NE(process.failures()[0].message.find("offset 20"), std::string::npos) << process.failures()[0].message;
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
  cut.at(6 * CutWindow::kDay);           // and ingest is far behind
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

TEST(Pipeline, ReadsTheResolvedLogAgainWhereTheTablesCameBackFromABackup) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const auto expected = calm_result(seed, 900);
    World world;
    Stream stream(world, seed);
    stream.write(300);
    std::function<void()> restore;
    {
      Process process(world, quick_ingest(), quick_aggregate());
      world.settle(std::chrono::milliseconds{200 + 50 * static_cast<int>(seed)});  // in the middle of things
      restore = world.tables.save();
      world.settle();
      stream.write(300);
      world.settle();
      if (seed % 2 == 0) {
        EXPECT_TRUE(process.drain());
      }
    }
    restore();
    Process process(world, quick_ingest(), quick_aggregate());
    if (seed % 3 == 0) {  // where nothing comes in after it, too
      world.settle();
      EXPECT_EQ(process.aggregate_status().missing, std::nullopt);
      EXPECT_EQ(first_difference(test::readable(world.tables, world.names), calm_result(seed, 600)), "")
          << "seed " << seed;
    }
    stream.write(300);
    world.settle();
    EXPECT_EQ(process.aggregate_status().missing, std::nullopt);
    EXPECT_TRUE(process.drain());
    EXPECT_TRUE(process.failures().empty());
    EXPECT_EQ(first_difference(test::readable(world.tables, world.names), expected), "") << "seed " << seed;
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

// The heart: whatever dies, waits, fails or writes late, what readers see is what an undisturbed run gives.
struct ChaosSeen {
  int kills = 0, zombies = 0, lost_puts = 0, split_pages = 0, with_bots = 0;
};

void run_chaos(unsigned seed, ChaosSeen& saw) {
  constexpr int kSteps = 150;
  constexpr int kRecordsAStep = 4;
  const auto expected = calm_result(seed, kSteps * kRecordsAStep);

  World world;
  Stream stream(world, seed);
  std::mt19937 random(seed * 7919 + 1);
  std::vector<std::unique_ptr<Process>> alive;
  std::vector<std::unique_ptr<Process>> zombies;
  alive.push_back(std::make_unique<Process>(world, quick_ingest(), quick_aggregate()));
  for (int step = 0; step < kSteps; ++step) {
    stream.write(kRecordsAStep);
    switch (random() % 10) {
      case 0:  // kill -9
        if (alive.empty()) break;
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(random() % alive.size()));
        ++saw.kills;
        break;
      case 1:
        if (alive.size() < 3) alive.push_back(std::make_unique<Process>(world, quick_ingest(), quick_aggregate()));
        break;
      case 2:  // a zombie: it does not know, and goes on writing
        if (!alive.empty() && zombies.size() < 2) {
          alive.back()->become_zombie();
          ++saw.zombies;
          zombies.push_back(std::move(alive.back()));
          alive.pop_back();
          world.log.lose(world.names.ingest_group(), {world.names.raw_topic(), Partition{0}});
          world.log.lose(world.names.aggregate_group(), {world.names.resolved_topic(), Partition{0}});
        }
        break;
      case 3: {
        constexpr std::array kCalls{TableCall::kPut, TableCall::kGet, TableCall::kCheckAndPut};
        const auto when = random() % 2 == 0 ? test::When::kBeforeApplying : test::When::kAfterApplying;
        world.tables.faults().fail_next(kCalls[random() % kCalls.size()], 1 + static_cast<int>(random() % 3),
                                        ErrorCode::kTimedOut, when);
        break;
      }
      case 4: {
        constexpr std::array kCalls{LogCall::kAppend, LogCall::kFetch, LogCall::kCommit, LogCall::kCommitted,
                                    LogCall::kBounds};
        const auto when = random() % 2 == 0 ? test::When::kBeforeApplying : test::When::kAfterApplying;
        world.log.faults().fail_next(kCalls[random() % kCalls.size()], 1, ErrorCode::kTimedOut, when);
        break;
      }
      case 7:  // a store that fails now and then: some puts go through while others wait to be repeated
        for (int i = 0; i < 12; ++i)
          world.tables.faults().fail_after(TableCall::kPut, static_cast<int>(random() % 3), ErrorCode::kTimedOut);
        break;
      case 5:  // puts that land late, after whatever comes next
        world.tables.faults().hold(TableCall::kPut);
        break;
      case 6:  // what was held back lands in any order, or never
        while (const auto held = world.tables.faults().held(TableCall::kPut)) {
          const auto which = random() % held;
          if (random() % 3 == 0) {
            ++saw.lost_puts;
            world.tables.faults().lose_at(TableCall::kPut, which);
          } else {
            world.tables.faults().release_at(TableCall::kPut, which);
          }
        }
        world.tables.faults().release(TableCall::kPut);
        break;
      default:
        break;
    }
    for (std::size_t i = 0, n = random() % 40; i < n && world.executor.run_one(); ++i) {
    }
    if (random() % 3 == 0) world.executor.advance(std::chrono::milliseconds{random() % 200});
  }
  // Healing: everything held back lands, the zombies die, someone is there to finish.
  world.tables.faults().release(TableCall::kPut);
  for (const auto call : {TableCall::kPut, TableCall::kGet, TableCall::kCheckAndPut}) world.tables.faults().heal(call);
  zombies.clear();
  if (alive.empty()) alive.push_back(std::make_unique<Process>(world, quick_ingest(), quick_aggregate()));
  world.settle(std::chrono::minutes{3});
  for (const auto& process : alive) {
    for (const auto& failure : process->failures()) ADD_FAILURE() << "seed " << seed << ": " << failure.message;
  }
  EXPECT_EQ(first_difference(test::readable(world.tables, world.names), expected), "") << "seed " << seed;
  saw.split_pages += static_cast<int>(expected.find(" chunk 2/") != std::string::npos ||
                                      expected.find(" chunk 3/") != std::string::npos);
  saw.with_bots += static_cast<int>(expected.find(" total bot ") != std::string::npos);
  const TopicPartition resolved{world.names.resolved_topic(), Partition{0}};
  const auto commit = world.log.commit_of(world.names.aggregate_group(), resolved);
  ASSERT_TRUE(commit.has_value()) << "seed " << seed;
  EXPECT_EQ(commit->position.value, static_cast<std::int64_t>(world.log.stored(resolved).size()))
      << "seed " << seed << " did not drain";
}

TEST(Chaos, LeavesTheNumbersOfAnUndisturbedRun) {
  ChaosSeen saw;
  auto& metrics = aggregate_metrics();
  const auto trimmed = metrics.blocks_trimmed.value();
  const auto passed = metrics.blocks_passed.value();
  const auto continued = metrics.pages_continued.value();
  for (unsigned seed = 1; seed <= 60 && !testing::Test::HasFatalFailure(); ++seed) run_chaos(seed, saw);
  // It must have met what it is for.
  EXPECT_GT(saw.kills, 100);
  EXPECT_GT(saw.zombies, 60);
  EXPECT_GT(saw.lost_puts, 100);
  EXPECT_EQ(saw.split_pages, 60);
  EXPECT_EQ(saw.with_bots, 60);
  EXPECT_GT(metrics.blocks_trimmed.value() - trimmed, 10);
  EXPECT_GT(metrics.blocks_passed.value() - passed, 100);
  EXPECT_GT(metrics.pages_continued.value() - continued, 200);
}

}  // namespace
}  // namespace guidepost::worker
