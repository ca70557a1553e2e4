#include "verify/stored_rows.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "verify/scans.hpp"
#include "verify/stored_pages.hpp"

namespace guidepost::verify {
namespace {

constexpr std::size_t kRowsPerPage = 500;

}  // namespace

Result<void> StoredRows::open() {
  const auto months =
      months_of(tables_, names_.all_events(), [&](Month m) { return names_.events(m); }, findings_.options().patience);
  if (!months) return tl::unexpected(months.error());
  for (const auto month : *months) {
    for (std::uint8_t salt = 0; salt < event::kEventSalts; ++salt) strands_.push_back({month, salt, false, {}, {}});
  }
  return {};
}

/// Brings the strands' first rows up to `from`.
Result<void> StoredRows::look(TimeMs from, TimeMs to) {
  std::vector<ScanJob> jobs;
  std::vector<Strand*> of_job;
  for (auto& strand : strands_) {
    if (strand.looked && (!strand.next || *strand.next >= from)) continue;
    ScanRequest request;
    request.start = event::event_row_start(strand.salt, merchant_, from);
    request.stop = event::event_row_start(strand.salt, merchant_, to);
    request.cells.family = event::kEventFamilies[3];
    request.max_rows = 1;
    jobs.push_back({names_.events(strand.month), std::move(request), ScanExtent::kFirstPage});
    of_job.push_back(&strand);
    strand.looked = true;
    strand.next.reset();
  }
  return run_scans(tables_, std::move(jobs), findings_.options().patience,
                   [&](std::size_t job, const Row& row) -> Result<void> {
                     const auto key = event::parse_event_row_key(row.key);
                     of_job[job]->next = key ? key->time : from;  // one that cannot be read is met, and told, in read()
                     return {};
                   });
}

Result<std::optional<TimeMs>> StoredRows::next(TimeMs from, TimeMs to) {
  if (auto looked = look(from, to); !looked) return tl::unexpected(std::move(looked.error()));
  std::optional<TimeMs> first;
  for (const auto& strand : strands_) {
    if (strand.next && (!first || *strand.next < *first)) first = strand.next;
  }
  return first;
}

/// A strand in which nothing was seen may have got rows since, if its month is near: those are the ones
/// that pages read just now may count.
bool StoredRows::may_have(const Strand& strand, TimeMs from, TimeMs to) const {
  if ((strand.next && *strand.next < to) || (strand.last && *strand.last >= from)) return true;
  using std::chrono::days;
  return strand.month >= Month::of(from - days{1}) && strand.month <= Month::of(to + days{8});
}

Result<void> StoredRows::read(TimeMs from, TimeMs to, std::chrono::milliseconds margin,
                              const std::function<void(const event::StoredEvent&)>& visit) {
  std::vector<ScanJob> jobs;
  std::vector<Strand*> of_job;
  for (auto& strand : strands_) {
    if (!may_have(strand, from - margin, to + margin)) continue;
    ScanRequest request;
    request.start = event::event_row_start(strand.salt, merchant_, from - margin);
    request.stop = event::event_row_start(strand.salt, merchant_, to + margin);
    request.max_rows = kRowsPerPage;
    jobs.push_back({names_.events(strand.month), std::move(request), ScanExtent::kAll});
    of_job.push_back(&strand);
  }
  return run_scans(
      tables_, std::move(jobs), findings_.options().patience, [&](std::size_t job, const Row& row) -> Result<void> {
        const auto key = event::parse_event_row_key(row.key);
        if (key) of_job[job]->last = std::max(of_job[job]->last.value_or(key->time), key->time);
        const bool inside = !key || (key->time >= from && key->time < to);
        if (inside) ++findings_.report().rows;
        const auto stored = event::parse_event_row(row);
        if (stored) {
          visit(*stored);
        } else if (inside) {
          findings_.add({merchant_, {}, from, "row", "", text::escape(row.key), stored.error().message, 0, 0});
        }
        return {};
      });
}

}  // namespace guidepost::verify
