#include "query/journey_index.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.hpp"
#include "query/start_scan.hpp"

namespace guidepost::query {
namespace {

constexpr std::size_t kScansAtOnce = 16;
constexpr std::size_t kRowsPerPage = 5000;  // they are tiny

struct IndexScan {
  Month month;
  std::uint32_t device = 0;
  std::string start, stop;
};
using VisitRow = std::function<Result<void>(const IndexScan&, std::string_view row)>;
using Answer = std::future<Result<ScanPage>>;

Answer start(TableStore& tables, const std::string& table, const IndexScan& scan) {
  ScanRequest request;
  request.start = scan.start;
  request.stop = scan.stop;
  request.max_rows = kRowsPerPage;
  return start_scan(tables, table, std::move(request));
}

/// The first page and those behind it.
Result<void> read_pages(TableStore& tables, const std::string& table, IndexScan& scan, Answer first,
                        const VisitRow& visit) {
  for (auto answer = std::move(first);; answer = start(tables, table, scan)) {
    auto page = answer.get();
    if (!page) return tl::unexpected(std::move(page.error()));
    for (const auto& row : page->rows) {
      if (auto seen = visit(scan, row.key); !seen) return seen;
    }
    if (page->next.empty()) return {};
    scan.start = std::move(page->next);
  }
}

/// In their order; some are under way at a time, for most are answered by one page.
Result<void> run_scans(TableStore& tables, const Names& names, std::vector<IndexScan> scans, const VisitRow& visit) {
  for (std::size_t begin = 0; begin < scans.size(); begin += kScansAtOnce) {
    const auto end = std::min(scans.size(), begin + kScansAtOnce);
    std::vector<Answer> answers;
    for (auto i = begin; i < end; ++i) answers.push_back(start(tables, names.index(scans[i].month), scans[i]));
    for (auto i = begin; i < end; ++i) {
      auto read = read_pages(tables, names.index(scans[i].month), scans[i], std::move(answers[i - begin]), visit);
      // A table that was dropped meanwhile, as old months are, has no events.
      if (!read && read.error().code != ErrorCode::kNotFound) return read;
    }
  }
  return {};
}

}  // namespace

Result<void> JourneyIndex::open() {
  auto stem = names_.index(Month{});
  stem.pop_back();
  const auto found = await<std::vector<std::string>>([&](auto done) { tables_.list_tables(stem, std::move(done)); });
  if (!found) return tl::unexpected(found.error());
  for (const auto& name : *found) {
    if (const auto month = month_of_table(stem, name)) months_.push_back(*month);
  }
  std::sort(months_.begin(), months_.end());
  return {};
}

Result<std::vector<std::string>> JourneyIndex::devices() {
  const auto prefix = event::device_index_prefix(request_.merchant, request_.id);
  std::vector<IndexScan> scans;
  for (const auto month : months_) scans.push_back({month, 0, prefix, after_prefix(prefix)});
  std::set<std::string, std::less<>> found;
  auto read = run_scans(tables_, names_, std::move(scans), [&](const auto&, std::string_view row) -> Result<void> {
    const auto indexed = event::parse_device_index_row(row);
    if (!indexed) return tl::unexpected(indexed.error());
    found.emplace(indexed->guid);
    if (found.size() <= options_.max_devices) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--customer: '{}' has over {} devices, which are too many to show; a device's journey is "
                            "shown by --guid",
                            text::escape(request_.id), options_.max_devices));
  });
  if (!read) return tl::unexpected(std::move(read.error()));
  return std::vector<std::string>(found.begin(), found.end());
}

Result<std::vector<FoundEvent>> JourneyIndex::events(const std::vector<std::string>& devices, TimeMs from, TimeMs to) {
  std::vector<IndexScan> scans;
  for (std::uint32_t d = 0; d < devices.size(); ++d) {
    const auto start = event::event_index_start(request_.merchant, devices[d], from);
    const auto stop = to == TimeMs::max() ? after_prefix(event::event_index_prefix(request_.merchant, devices[d]))
                                          : event::event_index_start(request_.merchant, devices[d], to);
    for (const auto month : months_) scans.push_back({month, d, start, stop});
  }
  std::vector<FoundEvent> found;
  const auto read =
      run_scans(tables_, names_, std::move(scans), [&](const IndexScan& scan, std::string_view row) -> Result<void> {
        const auto indexed = event::parse_event_index_row(row);
        if (!indexed) return tl::unexpected(indexed.error());
        found.push_back({indexed->time, indexed->offset, indexed->source, scan.device, 0, scan.month});
        if (found.size() <= options_.max_events) return {};
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("--from, --to: there are over {} events, which are too many to look through; ask for a "
                                "shorter time",
                                options_.max_events));
      });
  if (!read) return tl::unexpected(read.error());
  std::sort(found.begin(), found.end(), [](const FoundEvent& a, const FoundEvent& b) {
    return std::tie(a.device, a.time, a.source, a.offset) < std::tie(b.device, b.time, b.source, b.offset);
  });
  return found;
}

}  // namespace guidepost::query
