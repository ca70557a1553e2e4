#include "identity/runs.hpp"

#include <algorithm>
#include <charconv>

namespace guidepost::identity {
namespace {

// Timestamps of a run's cells: what is written later has a higher one.
constexpr std::int64_t kAtStart = 1;
constexpr std::int64_t kAtEnd = 2;

constexpr std::string_view kStartedWord = "started ";
constexpr std::string_view kComplete = "complete";
constexpr std::string_view kAborted = "aborted";

struct CountCell {
  std::string_view qualifier;
  std::uint64_t RunCounts::* count;
};
constexpr CountCell kCountCells[] = {
    {"lines", &RunCounts::lines},
    {"bad", &RunCounts::bad},
    {"assigned", &RunCounts::assigned},
    {"unmapped", &RunCounts::unmapped},
    {"removed", &RunCounts::removed},
    {"unchanged", &RunCounts::unchanged},
    {"changed_guids", &RunCounts::changed_guids},
};

tl::unexpected<Error> corrupt(RunId run, std::string_view what) {
  return fail(ErrorCode::kCorrupt, "mapping run " + std::to_string(run.value) + ": " + std::string(what));
}

class RunCells {
 public:
  RunCells(RunId run, std::int64_t timestamp) : timestamp_(timestamp) { put_.row = run_row(run); }
  void add(std::string_view qualifier, std::string value) {
    put_.cells.push_back({std::string(kStateFamily), std::string(qualifier), timestamp_, std::move(value)});
  }
  RowPut take() && { return std::move(put_); }

 private:
  RowPut put_;
  std::int64_t timestamp_;
};

/// Reads cells of a run's row; what is absent stays as it is, what is no number is remembered.
class RunReader {
 public:
  explicit RunReader(const Row& row) : row_(row) {}
  std::string_view text(std::string_view qualifier) const {
    const auto* cell = row_.find(kStateFamily, qualifier);
    return cell == nullptr ? std::string_view() : std::string_view(cell->value);
  }
  template <class Number>
  void number(std::string_view qualifier, Number& out) {
    const auto value = text(qualifier);
    if (value.empty()) return;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (error != std::errc{} || end != value.data() + value.size()) ok_ = false;
  }
  bool ok() const { return ok_; }

 private:
  const Row& row_;
  bool ok_ = true;
};

bool undoes_in_force(const RunRecord& record, const std::vector<RunId>& out_of_force) {
  return record.status != RunStatus::kStarted && record.status != RunStatus::kAborted && record.undoes &&
         std::find(out_of_force.begin(), out_of_force.end(), record.run) == out_of_force.end();
}

/// Runs of the first `n` that an undo names which counts itself: an undo can be undone.
std::vector<RunId> undone(std::span<const RunRecord> runs) {
  std::vector<RunId> undone;
  for (std::size_t i = runs.size(); i-- > 0;) {
    if (undoes_in_force(runs[i], undone)) undone.push_back(*runs[i].undoes);
  }
  return undone;
}

}  // namespace

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::kStarted:
      return "started";
    case RunStatus::kComplete:
      return kComplete;
    case RunStatus::kAborted:
      return kAborted;
    case RunStatus::kUndone:
      return "undone";
  }
  return "unknown";
}

std::string run_row(RunId run) {
  const auto digits = std::to_string(run.value);
  return "run/" + std::string(20 - digits.size(), '0') + digits;
}

std::string started_by(std::string_view owner) { return std::string(kStartedWord) + std::string(owner); }

RowPut run_started(const RunRecord& record) {
  RunCells cells(record.run, kAtStart);
  cells.add(kRunStatus, started_by(record.owner));
  cells.add("owner", record.owner);
  cells.add("started", std::to_string(unix_ms(record.started)));
  if (!record.file.empty()) cells.add("file", record.file);
  if (record.undoes) cells.add("undoes", std::to_string(record.undoes->value));
  return std::move(cells).take();
}

RowPut run_completed(const RunRecord& record) {
  RunCells cells(record.run, kAtEnd);
  cells.add(kRunStatus, std::string(kComplete));
  cells.add("finished", std::to_string(unix_ms(record.finished)));
  for (const auto& [qualifier, count] : kCountCells) cells.add(qualifier, std::to_string(record.counts.*count));
  cells.add("changed_cells", record.forget_all ? "all" : std::to_string(record.changed_cells));
  cells.add("marker", encode_marker(record.marker));
  return std::move(cells).take();
}

RowPut run_aborted(RunId run) {
  RunCells cells(run, kAtEnd);
  cells.add(kRunStatus, std::string(kAborted));
  return std::move(cells).take();
}

RowGet run_get(RunId run) {
  RowGet get{run_row(run), {}};
  get.cells.family = kStateFamily;
  for (const auto* name : {"status", "owner", "started", "file", "undoes", "finished", "changed_cells", "marker"}) {
    get.cells.qualifiers.emplace_back(name);
  }
  for (const auto& [qualifier, count] : kCountCells) get.cells.qualifiers.emplace_back(qualifier);
  return get;
}

Result<RunRecord> parse_run(RunId run, const Row& row) {
  RunReader in(row);
  const auto status = in.text(kRunStatus);
  if (status.empty()) return fail(ErrorCode::kNotFound, "there is no mapping run " + std::to_string(run.value));
  RunRecord record;
  record.run = run;
  record.owner = in.text("owner");
  record.file = in.text("file");
  std::int64_t started = 0, finished = 0;
  in.number("started", started);
  in.number("finished", finished);
  record.started = from_unix_ms(started);
  record.finished = from_unix_ms(finished);
  std::uint64_t undoes = 0;
  in.number("undoes", undoes);
  if (undoes != 0) record.undoes = RunId{undoes};
  for (const auto& [qualifier, count] : kCountCells) in.number(qualifier, record.counts.*count);
  record.forget_all = in.text("changed_cells") == "all";
  if (!record.forget_all) in.number("changed_cells", record.changed_cells);
  if (!in.ok()) return corrupt(run, "a cell is not a number");
  if (status.starts_with(kStartedWord)) return record;
  if (status == kAborted) {
    record.status = RunStatus::kAborted;
    return record;
  }
  if (status != kComplete) return corrupt(run, "its status is none");
  record.status = RunStatus::kComplete;
  auto marker = decode_marker(in.text("marker"));
  if (!marker) return tl::unexpected(marker.error());
  if (marker->run != run) return corrupt(run, "its marker is that of another run");
  record.marker = std::move(*marker);
  return record;
}

std::vector<RunId> aborted_as_of(std::span<const RunRecord> runs, RunId run) {
  const auto end = std::find_if(runs.begin(), runs.end(), [&](const RunRecord& r) { return r.run >= run; });
  // An undo acts from its own marker on, so the run itself is among those asked, though not among those aborted.
  const auto until = end != runs.end() && end->run == run ? end + 1 : end;
  std::vector<RunId> out = undone(runs.first(static_cast<std::size_t>(until - runs.begin())));
  for (auto it = runs.begin(); it != end; ++it) {
    if (it->status == RunStatus::kStarted || it->status == RunStatus::kAborted) out.push_back(it->run);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void mark_undone(std::vector<RunRecord>& runs) {
  for (const RunId run : undone(runs)) {
    for (auto& record : runs) {
      if (record.run == run && record.status == RunStatus::kComplete) record.status = RunStatus::kUndone;
    }
  }
}

}  // namespace guidepost::identity
