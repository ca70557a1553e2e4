// The state table, and what both stages commit beside their positions.
#include <gtest/gtest.h>

#include "support/fake_table_store.hpp"
#include "unit/formats/formats.hpp"
#include "worker/aggregate/aggregate_partition.hpp"
#include "worker/gap_table.hpp"
#include "worker/ingest/ingest_recovery.hpp"
#include "worker/state_table.hpp"
#include "worker/versions.hpp"

namespace guidepost::test {
namespace {

using namespace worker;

const IngestCommit kIngestCommit{SourceId{2}, RunId{300}, {RulesHash{0x0123456789abcdef}, Offset{77}}, Offset{4321}};

Names of_version(std::uint32_t version) {
  Names names;
  names.version = version;
  return names;
}

VersionRecord a_version() {
  VersionRecord record;
  record.version = 2;
  record.from = "records from 2015-05-17T00:00:00Z on";
  record.base = 1;
  record.least_run = RunId{300};
  record.made = from_unix_ms(1'430'000'000'000);
  return record;
}

VersionRecord another_version() {
  VersionRecord record;
  record.version = 3;
  record.from = "everything";
  record.made = from_unix_ms(1'430'000'000'000);
  return record;
}

TimeMs seconds_later(int n) { return from_unix_ms(1'430'000'000'000 + n * 1000); }

Gap a_gap() {
  return {.source = SourceId{2},
          .first = Offset{300},
          .from = Offset{310},
          .to = Offset{400},
          .cause = GapCause::kRetention,
          .after = seconds_later(6),
          .before = seconds_later(7),
          .seen = seconds_later(8),
          .accepted = {}};
}

Gap another_gap() {
  auto gap = a_gap();
  gap.source = SourceId{1};
  gap.cause = GapCause::kCut;
  gap.accepted = Gap::Acceptance{seconds_later(9), "the night shift"};
  return gap;
}

template <class T, class Start>
T ask(Start start) {
  auto answer = await<T>(start);
  if (!answer) throw std::runtime_error(answer.error().message);
  return std::move(*answer);
}

template <class Start>
void tell(Start start) {
  if (const auto done = await<void>(start); !done) throw std::runtime_error(done.error().message);
}

Golden write_state() {
  FakeTableStore store;
  const auto names = of_version(1);
  store.make_table(names.state(), {std::string(worker::kStateFamily)}, 1);
  StateTable state(store, names);
  for (const int partition : {0, 1}) {
    ask<Source>([&](auto done) {
      state.register_source("clicks.raw", "pWTLFZ3VTMqXq_2oLb2sOg", Partition{partition}, Offset{40}, std::move(done));
    });
  }
  tell([&](auto done) {
    state.put_durable(SourceId{2}, {Offset{300}, seconds_later(1), kIngestCommit.era},
                      {"aggregate-1", seconds_later(6), Offset{40}}, std::move(done));
  });
  tell([&](auto done) { state.put_passed_marker(SourceId{2}, {RunId{300}, Offset{78}}, std::move(done)); });
  tell([&](auto done) { state.record_gap(a_gap(), std::move(done)); });
  tell([&](auto done) { state.record_gap(another_gap(), std::move(done)); });
  tell([&](auto done) {
    GapTable(store, names.state()).accept(1, another_gap(), *another_gap().accepted, std::move(done));
  });
  VersionTable versions(store, names);
  ask<bool>([&](auto done) { versions.make(a_version(), std::move(done)); });
  tell([&](auto done) { versions.set_floor(2, SourceId{2}, Offset{100}, kIngestCommit.encode(), std::move(done)); });
  tell([&](auto done) { versions.set_planned(a_version(), seconds_later(2), std::move(done)); });
  tell([&](auto done) { versions.set_copied(2, seconds_later(3), std::move(done)); });
  tell([&](auto done) { versions.set_caught_up(2, seconds_later(4), std::move(done)); });
  tell([&](auto done) { versions.set_dropped(2, seconds_later(5), std::move(done)); });
  ask<bool>([&](auto done) { versions.make(another_version(), std::move(done)); });
  ask<bool>([&](auto done) { versions.publish({}, 2, seconds_later(7), std::move(done)); });
  Golden golden;
  for (const auto& row : store.peek_all(names.state())) golden.add(row.key, row);
  return golden;
}

void read_state(const Golden& golden) {
  FakeTableStore store;
  const auto names = of_version(1);
  store.make_table(names.state(), {std::string(worker::kStateFamily)}, 1);
  for (const auto* key :
       {"sources", "source/clicks.raw/pWTLFZ3VTMqXq_2oLb2sOg/00000", "source/clicks.raw/pWTLFZ3VTMqXq_2oLb2sOg/00001",
        "floor/00000001", "floor/00000002", "position/v1/00000002", "position/v2/00000002", "history/v1/00000002",
        "marker/00000002", "version/00000002", "version/00000003", "published", "gap/v1/00000001/00000000000000000300",
        "gap/v1/00000002/00000000000000000300"}) {
    const auto row = golden.row(key);
    RowPut put{row.key, {}};
    for (const auto& cell : row.cells) put.cells.push_back({cell.family, cell.qualifier, cell.timestamp, cell.value});
    tell([&](auto done) { store.put(names.state(), {put}, std::move(done)); });
  }
  StateTable state(store, names);
  const auto sources = ask<std::vector<Source>>([&](auto done) { state.sources(std::move(done)); });
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[1].number, SourceId{2});
  EXPECT_EQ(sources[1].topic, "clicks.raw");
  EXPECT_EQ(sources[1].topic_id, "pWTLFZ3VTMqXq_2oLb2sOg");
  EXPECT_EQ(sources[1].partition, Partition{1});
  const auto register_one = [&](int partition) {
    return ask<Source>([&](auto done) {
      state.register_source("clicks.raw", "pWTLFZ3VTMqXq_2oLb2sOg", Partition{partition}, Offset{0}, std::move(done));
    });
  };
  EXPECT_EQ(register_one(1).number, SourceId{2}) << "one that is known";
  EXPECT_EQ(register_one(2).number, SourceId{3}) << "and a new one";
  EXPECT_EQ(ask<Offset>([&](auto done) { state.floor(SourceId{2}, std::move(done)); }), Offset{40});
  const auto durable =
      ask<std::optional<DurablePosition>>([&](auto done) { state.durable(SourceId{2}, std::move(done)); });
  ASSERT_TRUE(durable);
  EXPECT_EQ(durable->offset, Offset{300});
  EXPECT_EQ(durable->record_time, seconds_later(1));
  EXPECT_EQ(durable->era, kIngestCommit.era);
  const auto history = ask<PositionHistory>([&](auto done) { state.history(SourceId{2}, std::move(done)); });
  const auto then = history.at(seconds_later(6), seconds_later(6));
  ASSERT_TRUE(then);
  EXPECT_EQ(then->offset, Offset{300});
  EXPECT_EQ(then->at, seconds_later(6));
  EXPECT_EQ(then->by, "aggregate-1");
  EXPECT_EQ(history.at(seconds_later(5), seconds_later(6)).value().offset, Offset{40}) << "before it began";
  const auto marker = ask<std::optional<StateTable::PassedMarker>>(
      [&](auto done) { state.passed_marker(SourceId{2}, std::move(done)); });
  ASSERT_TRUE(marker);
  EXPECT_EQ(marker->run, RunId{300});
  EXPECT_EQ(marker->offset, Offset{78});
  const auto gaps = ask<std::vector<Gap>>([&](auto done) { state.gaps(std::move(done)); });
  EXPECT_EQ(gaps, (std::vector<Gap>{another_gap(), a_gap()}));

  StateTable state_of_2(store, of_version(2));
  const auto beginning =
      ask<StateTable::Beginning>([&](auto done) { state_of_2.beginning(SourceId{2}, std::move(done)); });
  EXPECT_EQ(beginning.floor, Offset{100});
  EXPECT_EQ(beginning.commit, kIngestCommit.encode());
  EXPECT_EQ(beginning.known_from, Offset{40});
  VersionTable versions(store, names);
  const auto all = ask<std::vector<VersionRecord>>([&](auto done) { versions.versions(std::move(done)); });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].version, 2U);
  EXPECT_EQ(all[0].from, a_version().from);
  EXPECT_EQ(all[0].base, a_version().base);
  EXPECT_EQ(all[0].least_run, a_version().least_run);
  EXPECT_EQ(all[0].made, a_version().made);
  EXPECT_EQ(all[0].planned, seconds_later(2));
  EXPECT_EQ(all[0].copied, seconds_later(3));
  EXPECT_EQ(all[0].caught_up, seconds_later(4));
  EXPECT_EQ(all[0].dropped, seconds_later(5));
  EXPECT_EQ(all[1].version, 3U);
  EXPECT_FALSE(all[1].base || all[1].least_run || all[1].planned);
  EXPECT_EQ(ask<Published>([&](auto done) { versions.published(std::move(done)); }), (Published{1, 2, 1}));
  const auto publications = ask<std::vector<Publication>>([&](auto done) { versions.publications(std::move(done)); });
  ASSERT_EQ(publications.size(), 1U);
  EXPECT_EQ(publications[0].what, (Published{1, 2, 1}));
  EXPECT_EQ(publications[0].when, seconds_later(7));
}

Golden write_commits() { return Golden().add("ingest", kIngestCommit.encode()).add("aggregate", kAggregateCommit); }

void read_commits(const Golden& golden) {
  const auto commit = IngestCommit::decode(golden.bytes("ingest"));
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->source, kIngestCommit.source);
  EXPECT_EQ(commit->run, kIngestCommit.run);
  EXPECT_EQ(commit->era, kIngestCommit.era);
  EXPECT_EQ(commit->resolved, kIngestCommit.resolved);
}

}  // namespace

std::vector<Format> worker_formats() {
  return {{"state", "proto/state.md", write_state, read_state},
          {"commits", "proto/commits.md", write_commits, read_commits}};
}

}  // namespace guidepost::test
