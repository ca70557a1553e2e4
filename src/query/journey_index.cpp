#include "query/journey_index.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.hpp"
#include "query/contents.hpp"
#include "query/row_stream.hpp"

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
/// In their order; some are under way at a time, for most are answered by one page.
Result<void> run_scans(TableStore& tables, const Names& names, const std::vector<IndexScan>& scans,
                       const VisitRow& visit) {
  std::deque<RowStream> streams;
  for (std::size_t started = 0, read = 0; read < scans.size(); ++read, streams.pop_front()) {
    for (; started < scans.size() && started < read + kScansAtOnce; ++started) {
      ScanRequest request;
      request.start = scans[started].start;
      request.stop = scans[started].stop;
      request.max_rows = kRowsPerPage;
      streams.emplace_back(tables, names.index(scans[started].month), std::move(request));
    }
    while (true) {
      const auto row = streams.front().next();
      // A table that was dropped meanwhile, as old months are, has no events.
      if (!row && row.error().code == ErrorCode::kNotFound) break;
      if (!row) return tl::unexpected(row.error());
      if (*row == nullptr) break;
      if (auto seen = visit(scans[read], (*row)->key); !seen) return seen;
    }
  }
  return {};
}

}  // namespace

Result<void> JourneyIndex::open() {
  auto months = months_of(tables_, names_.all_indexes(), [&](Month month) { return names_.index(month); });
  if (!months) return tl::unexpected(std::move(months.error()));
  months_ = std::move(*months);
  return {};
}

Result<std::vector<std::string>> JourneyIndex::devices() {
  const auto prefix = event::device_index_prefix(request_.merchant, request_.id);
  std::vector<IndexScan> scans;
  for (const auto month : months_) scans.push_back({month, 0, prefix, after_prefix(prefix)});
  std::set<std::string, std::less<>> found;
  auto read = run_scans(tables_, names_, scans, [&](const auto&, std::string_view row) -> Result<void> {
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
  const auto read = run_scans(tables_, names_, scans, [&](const IndexScan& scan, std::string_view row) -> Result<void> {
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
