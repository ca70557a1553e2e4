#include "identity/runs.hpp"

#include <gtest/gtest.h>

namespace guidepost::identity {
namespace {

using namespace std::string_view_literals;

constexpr auto kGoldenMarker = "\x01\xac\x02\x02\x03\x80\x01\x30\x88\xce\xcb"sv;

TEST(RunMarker, it_has_the_bytes_of_its_document) {
  const RunMarker marker{RunId{300}, {RunId{3}, RunId{131}}};
  EXPECT_EQ(decode_marker(encode_marker(marker)), marker);
  EXPECT_EQ(encode_marker(marker), kGoldenMarker);
}

TEST(RunMarker, every_cut_and_every_flipped_bit_is_seen) {
  for (std::size_t n = 0; n < kGoldenMarker.size(); ++n) EXPECT_FALSE(decode_marker(kGoldenMarker.substr(0, n))) << n;
  for (std::size_t bit = 0; bit < kGoldenMarker.size() * 8; ++bit) {
    std::string value(kGoldenMarker);
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_marker(value)) << bit;
  }
}

TEST(ChangedGuids, a_full_cell_stays_below_64_KiB) {
  std::vector<std::uint64_t> hashes(kHashesPerCell);
  for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = i * 1'000'003;
  EXPECT_LE(encode_changed(hashes).size(), 64u * 1024);
  EXPECT_EQ(decode_changed(encode_changed(hashes)), hashes);
  EXPECT_EQ(decode_changed(encode_changed({})), std::vector<std::uint64_t>{});
  auto bytes = encode_changed(hashes);
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  EXPECT_FALSE(decode_changed(bytes));
  EXPECT_LT(changed_qualifier(9), changed_qualifier(10));
}

Row row_of(const std::vector<RowPut>& puts) {
  Row row{puts.at(0).row, {}};
  for (const auto& put : puts) {
    for (const auto& c : put.cells) {
      std::erase_if(row.cells,
                    [&](const Cell& old) { return old.qualifier == c.qualifier && old.timestamp <= c.timestamp; });
      row.cells.push_back({c.family, c.qualifier, c.timestamp, c.value});
    }
  }
  return row;
}

RunRecord a_run() {
  RunRecord record;
  record.run = RunId{12};
  record.owner = "host:1:x";
  record.file = "customers.csv";
  record.started = from_unix_ms(1000);
  record.finished = from_unix_ms(2000);
  record.counts = {7, 1, 3, 1, 2, 1, 5};
  record.changed_cells = 2;
  record.marker = {RunId{12}, {RunId{4}}};
  return record;
}

TEST(RunRow, a_record_is_read_as_it_was_written) {
  const auto record = a_run();
  auto read = parse_run(record.run, row_of({run_started(record)}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, RunStatus::kStarted);
  EXPECT_EQ(read->owner, record.owner);
  EXPECT_EQ(read->file, record.file);
  EXPECT_EQ(read->started, record.started);
  read = parse_run(record.run, row_of({run_started(record), run_completed(record)}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->status, RunStatus::kComplete);
  EXPECT_EQ(read->counts, record.counts);
  EXPECT_EQ(read->finished, record.finished);
  EXPECT_EQ(read->changed_cells, 2u);
  EXPECT_FALSE(read->forget_all);
  EXPECT_EQ(read->marker, record.marker);
  EXPECT_EQ(parse_run(record.run, row_of({run_started(record), run_aborted(record.run)}))->status, RunStatus::kAborted);
}

TEST(RunRow, its_get_asks_for_all_that_is_read) {
  const auto get = run_get(RunId{12});
  for (const auto& put : {run_started(a_run()), run_completed(a_run())}) {
    EXPECT_EQ(put.row, get.row);
    for (const auto& cell : put.cells) {
      EXPECT_NE(std::find(get.cells.qualifiers.begin(), get.cells.qualifiers.end(), cell.qualifier),
                get.cells.qualifiers.end())
          << cell.qualifier;
    }
  }
}

TEST(RunRow, what_is_none_is_an_error) {
  EXPECT_EQ(parse_run(RunId{12}, Row{}).error().code, ErrorCode::kNotFound);
  const auto good = row_of({run_started(a_run()), run_completed(a_run())});
  for (const auto* name : {"status", "marker", "lines", "changed_cells", "started"}) {
    auto row = good;
    for (auto& cell : row.cells) {
      if (cell.qualifier == name) cell.value = "what?";
    }
    EXPECT_EQ(parse_run(RunId{12}, row).error().code, ErrorCode::kCorrupt) << name;
  }
  EXPECT_EQ(parse_run(RunId{13}, good).error().code, ErrorCode::kCorrupt);
}

RunRecord run(std::uint64_t id, RunStatus status, std::optional<std::uint64_t> undoes = std::nullopt) {
  RunRecord record;
  record.run = RunId{id};
  record.status = status;
  if (undoes) record.undoes = RunId{*undoes};
  return record;
}
std::vector<std::uint64_t> aborted(const std::vector<RunRecord>& runs, std::uint64_t at) {
  std::vector<std::uint64_t> out;
  for (const auto r : aborted_as_of(runs, RunId{at})) out.push_back(r.value);
  return out;
}
using Numbers = std::vector<std::uint64_t>;
using enum RunStatus;

TEST(AbortedRuns, they_are_those_that_are_not_complete_or_were_undone) {
  const std::vector<RunRecord> runs{run(1, kComplete),    run(2, kAborted), run(3, kComplete),
                                    run(4, kComplete, 3), run(5, kStarted), run(6, kComplete)};
  EXPECT_EQ(aborted(runs, 1), Numbers{});
  EXPECT_EQ(aborted(runs, 3), (Numbers{2}));
  EXPECT_EQ(aborted(runs, 4), (Numbers{2, 3}));  // its own undoing
  EXPECT_EQ(aborted(runs, 6), (Numbers{2, 3, 5}));
}

TEST(AbortedRuns, undoing_an_undo_brings_the_run_back) {
  std::vector<RunRecord> runs{run(1, kComplete), run(2, kComplete, 1), run(3, kComplete, 2)};
  EXPECT_EQ(aborted(runs, 2), (Numbers{1}));
  EXPECT_EQ(aborted(runs, 3), (Numbers{2}));
  mark_undone(runs);
  EXPECT_EQ(runs[0].status, kComplete);
  EXPECT_EQ(runs[1].status, kUndone);
  EXPECT_EQ(runs[2].status, kComplete);
}

TEST(AbortedRuns, an_undo_that_died_undoes_nothing) {
  EXPECT_EQ(aborted({run(1, kComplete), run(2, kAborted, 1), run(3, kComplete)}, 3), (Numbers{2}));
}

}  // namespace
}  // namespace guidepost::identity
