// The mapping, its runs, and the lock of refresh.
#include <gtest/gtest.h>

#include "identity/mapping.hpp"
#include "identity/refresh_lock.hpp"
#include "identity/runs.hpp"
#include "support/fake_table_store.hpp"
#include "unit/formats/formats.hpp"

namespace guidepost::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

const std::vector<Assignment> kHistory{{kSinceEver, RunId{3}, Assignment::Kind::kCustomer, "ann"},
                                       {from_unix_ms(1'430'000'000'123), RunId{9}, Assignment::Kind::kUnmapped, {}},
                                       {from_unix_ms(1'430'000'000'123), RunId{2}, Assignment::Kind::kCustomer,
                                        "b\xc3\xb6"
                                        "b"},
                                       {from_unix_ms(1'430'000'000'456), RunId{4}, Assignment::Kind::kRemoved, {}}};

Golden write_mapping() {
  RowPut row{mapping_row("shop", "d-7f31"), {}};
  for (const auto& assignment : kHistory) row.cells.push_back(mapping_cell(assignment));
  return Golden().add("device", row);
}

void read_mapping(const Golden& golden) {
  const auto row = golden.row("device");
  const auto key = parse_mapping_row(row.key);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->merchant, "shop");
  EXPECT_EQ(key->guid, "d-7f31");
  const auto history = history_of(row);
  ASSERT_TRUE(history) << history.error().message;
  EXPECT_EQ(*history, kHistory);
}

RunRecord a_run() {
  RunRecord record;
  record.run = RunId{300};
  record.status = RunStatus::kComplete;
  record.owner = "host:1:x";
  record.file = "customers.csv";
  record.started = from_unix_ms(1'430'000'000'000);
  record.finished = from_unix_ms(1'430'000'001'000);
  record.counts = {7, 1, 3, 1, 2, 1, 5};
  record.changed_cells = 1;
  record.marker = {RunId{300}, {RunId{3}, RunId{131}}};
  return record;
}

RunRecord an_undo() {
  auto record = a_run();
  record.file.clear();
  record.undoes = RunId{299};
  record.forget_all = true;
  return record;
}

const std::vector<std::uint64_t> kChanged{1, 0x0123456789abcdef, UINT64_MAX};

constexpr auto kState = "state";

RefreshLockOptions lock_options() {
  return {.owner = "host:1:x",
          .stale_after = 60s,
          .owner_is_gone = {},
          .wall = [] { return from_unix_ms(1'430'000'000'000); },
          .patience = {}};
}

Golden write_runs() {
  FakeTableStore store;
  store.make_table(kState, {"s"});
  const auto lock = RefreshLock::take(store, kState, lock_options());
  EXPECT_TRUE(lock);
  return Golden()
      .add("started", run_started(a_run()))
      .add("completed", run_completed(a_run()))
      .add("aborted", run_aborted(RunId{301}))
      .add("undo started", run_started(an_undo()))
      .add("undo completed", run_completed(an_undo()))
      .add("marker", encode_marker(a_run().marker))
      .add("changed", encode_changed(kChanged))
      .add("qualifier of changed", changed_qualifier(12))
      .add("lock", store.peek_all(kState).at(0));
}

/// What a table has of a run after both puts.
Row both(const Golden& golden, std::string_view started, std::string_view completed) {
  auto row = golden.row(completed);
  for (auto& cell : golden.row(started).cells) {
    if (row.find(cell.family, cell.qualifier) == nullptr) row.cells.push_back(cell);
  }
  return row;
}

void expect_run(const RunRecord& expected, const Row& row) {
  EXPECT_EQ(row.key, run_row(expected.run));
  const auto read = parse_run(expected.run, row);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->status, expected.status);
  EXPECT_EQ(read->owner, expected.owner);
  EXPECT_EQ(read->file, expected.file);
  EXPECT_EQ(read->undoes, expected.undoes);
  EXPECT_EQ(read->started, expected.started);
  EXPECT_EQ(read->finished, expected.finished);
  EXPECT_EQ(read->counts, expected.counts);
  EXPECT_EQ(read->forget_all, expected.forget_all);
  EXPECT_EQ(read->marker, expected.marker);
}

void read_runs(const Golden& golden) {
  expect_run(a_run(), both(golden, "started", "completed"));
  expect_run(an_undo(), both(golden, "undo started", "undo completed"));
  const auto started = parse_run(RunId{300}, golden.row("started"));
  ASSERT_TRUE(started);
  EXPECT_EQ(started->status, RunStatus::kStarted);
  const auto aborted = golden.row("aborted");
  EXPECT_EQ(aborted.key, run_row(RunId{301}));
  ASSERT_NE(aborted.find(identity::kStateFamily, kRunStatus), nullptr);
  EXPECT_EQ(aborted.find(identity::kStateFamily, kRunStatus)->value, "aborted");
  EXPECT_EQ(decode_marker(golden.bytes("marker")), a_run().marker);
  EXPECT_EQ(decode_changed(golden.bytes("changed")), kChanged);

  FakeTableStore store;
  store.make_table(kState, {"s"});
  const auto lock = golden.row("lock");
  const auto& cell = lock.cells.at(0);
  ASSERT_TRUE(await<void>([&](auto done) {
    store.put(kState, {{lock.key, {{cell.family, cell.qualifier, cell.timestamp, cell.value}}}}, std::move(done));
  }));
  const auto taken = RefreshLock::take(store, kState, lock_options());
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("host:1:x, last seen 0"), std::string::npos) << taken.error().message;
}

}  // namespace

std::vector<Format> identity_formats() {
  return {{"mapping", "proto/mapping.md", write_mapping, read_mapping},
          {"runs", "proto/runs.md", write_runs, read_runs}};
}

}  // namespace guidepost::test
