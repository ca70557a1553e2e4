#include "identity/run_registry.hpp"

#include <algorithm>
#include <charconv>

#include "identity/compare_and_set.hpp"

namespace guidepost::identity {
namespace {

constexpr std::string_view kRunPrefix = "run/";
constexpr std::string_view kRunEnd = "run0";  // the prefix's successor

std::string published_qualifier(const std::string& topic_id) { return "published/" + topic_id; }

CompareAndSet status_change(RunId run, std::optional<std::string> expected, RowPut put) {
  return {run_row(run), std::string(kStateFamily), std::string(kRunStatus), std::move(expected), std::move(put)};
}

Result<RunId> run_of_row(std::string_view row) {
  std::uint64_t number = 0;
  const auto digits = row.substr(kRunPrefix.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || number == 0) {
    return fail(ErrorCode::kCorrupt, "a row of a mapping run has no number: " + std::string(row));
  }
  return RunId{number};
}

}  // namespace

Result<std::vector<RunRecord>> RunRegistry::all() {
  std::vector<RunRecord> runs;
  ScanRequest request;
  request.start = kRunPrefix;
  request.stop = kRunEnd;
  request.cells = run_get(RunId{1}).cells;
  do {
    auto page =
        await_patiently<ScanPage>(patience_, [&](auto done) { tables_.scan(table_, request, std::move(done)); });
    if (!page) return tl::unexpected(std::move(page.error()));
    for (const auto& row : page->rows) {
      const auto run = run_of_row(row.key);
      if (!run) return tl::unexpected(run.error());
      auto record = parse_run(*run, row);
      if (!record) return tl::unexpected(std::move(record.error()));
      runs.push_back(std::move(*record));
    }
    request.start = std::move(page->next);
  } while (!request.start.empty());
  return runs;
}

Result<void> RunRegistry::put(RowPut row) {
  return await_patiently<void>(patience_, [&](auto done) { tables_.put(table_, {row}, std::move(done)); });
}

Result<RunRecord> RunRegistry::claim(RunRecord record, RunId after) {
  const auto runs = all();
  if (!runs) return tl::unexpected(runs.error());
  record.run = RunId{std::max(after.value, runs->empty() ? 0 : runs->back().run.value) + 1};
  record.status = RunStatus::kStarted;
  const auto other =
      compare_and_set(tables_, table_, status_change(record.run, std::nullopt, run_started(record)), patience_);
  if (!other) return tl::unexpected(other.error());
  if (*other) return fail(ErrorCode::kUnavailable, "another refresh has just begun");
  return record;
}

Result<void> RunRegistry::abort(const RunRecord& record) {
  const auto other = compare_and_set(
      tables_, table_, status_change(record.run, started_by(record.owner), run_aborted(record.run)), patience_);
  if (!other) return tl::unexpected(other.error());
  return {};
}

Result<void> RunRegistry::list_changed(RunRecord& record, std::span<const std::uint64_t> hashes) {
  record.changed_cells = 0;
  while (!hashes.empty()) {
    const auto cell = hashes.first(std::min(hashes.size(), kHashesPerCell));
    hashes = hashes.subspan(cell.size());
    // One put a cell: a row of all of them would be over what a store takes at once.
    auto done =
        put({run_row(record.run),
             {{std::string(kStateFamily), changed_qualifier(record.changed_cells++), 1, encode_changed(cell)}}});
    if (!done) return done;
  }
  return {};
}

Result<void> RunRegistry::complete(const RunRecord& record) {
  const auto other = compare_and_set(
      tables_, table_, status_change(record.run, started_by(record.owner), run_completed(record)), patience_);
  if (!other) return tl::unexpected(other.error());
  if (*other) {
    return fail(ErrorCode::kCancelled, "mapping run " + std::to_string(record.run.value) +
                                           " was aborted by another refresh, which took this one to be dead");
  }
  return {};
}

Result<std::int32_t> RunRegistry::published(RunId run, const std::string& topic_id) {
  RowGet get{run_row(run), {}};
  get.cells.family = kStateFamily;
  get.cells.qualifiers = {published_qualifier(topic_id)};
  const auto rows =
      await_patiently<std::vector<Row>>(patience_, [&](auto done) { tables_.get(table_, {get}, std::move(done)); });
  if (!rows) return tl::unexpected(rows.error());
  // The timestamp says it too, and needs no parsing.
  const auto* cell = rows->at(0).find(kStateFamily, get.cells.qualifiers[0]);
  return cell == nullptr ? 0 : static_cast<std::int32_t>(cell->timestamp);
}

Result<void> RunRegistry::set_published(RunId run, const std::string& topic_id, std::int32_t partitions) {
  return put({run_row(run),
              {{std::string(kStateFamily), published_qualifier(topic_id), partitions, std::to_string(partitions)}}});
}

}  // namespace guidepost::identity
