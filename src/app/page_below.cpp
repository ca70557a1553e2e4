#include "app/page_below.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <memory>
#include <span>

#include "base/arena.hpp"
#include "base/text.hpp"
#include "verify/stored_rows.hpp"

namespace guidepost::app {
namespace {

/// The longest that sessions can be cut by: a change about an event lies no further from it.
constexpr std::chrono::hours kLongestGap{24};
constexpr std::uint64_t kEventsAtOnce = 100'000;

/// What a page is made of, as far as it lies below.
struct Contributions {
  const PageBelow* page = nullptr;
  std::uint64_t rows = 0;  ///< of events below its position
  std::vector<event::Accepted> events;
  std::vector<event::SessionChange> changes;
};
using Pages = std::map<std::pair<Bucket, SourceId>, Contributions>;

void keep(const event::StoredEvent& stored, Pages& pages, Arena& arena) {
  const auto& event = stored.event;
  const auto find = [&](TimeMs time) {
    const auto found = pages.find({Bucket::of(time), stored.source});
    return found != pages.end() ? &found->second : nullptr;
  };
  for (const auto& change : stored.changes) {
    auto* page = find(change.subject_time);
    if (page != nullptr && event.offset < page->page->below) page->changes.push_back(change.change);
  }
  auto* page = find(event.time);
  if (page == nullptr) return;
  page->rows += event.offset < page->page->position ? 1 : 0;
  if (event.offset >= page->page->below) return;
  auto& kept = page->events.emplace_back(event);
  for (auto& text : kept.text.values) text = arena.copy(text);
}

Result<RowPut> fold(Contributions& of, const rollup::PageLimits& limits) {
  auto& [wanted, rows, events, changes] = of;
  if (rows != wanted->events) {
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("{} {}, source {}: the page counts {} events, and {} have rows: without the others its part "
                    "before offset {} cannot be counted again",
                    text::escape(wanted->key.merchant), text::rfc3339(wanted->key.bucket.start()),
                    wanted->key.source.value, wanted->events, rows, wanted->below.value));
  }
  const auto by_offset = [](const event::Accepted& a, const event::Accepted& b) { return a.offset < b.offset; };
  std::sort(events.begin(), events.end(), by_offset);
  std::sort(changes.begin(), changes.end(),
            [](const auto& a, const auto& b) { return std::pair(a.cause, a.subject) < std::pair(b.cause, b.subject); });
  rollup::Page page(wanted->key, limits);
  auto event = events.begin();
  for (auto change = changes.begin(); event != events.end() || change != changes.end();) {
    // An event comes before what it changed.
    if (event != events.end() && (change == changes.end() || event->offset <= change->cause)) {
      page.add(*event++, wanted->rules);
      continue;
    }
    event::Accepted key;
    key.offset = change->subject;
    const auto subject = std::lower_bound(events.begin(), events.end(), key, by_offset);
    if (subject == events.end() || subject->offset != change->subject) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("source {}: offset {} changed a session of offset {}, which has no row",
                              wanted->key.source.value, change->cause.value, change->subject.value));
    }
    page.add(*change++, *subject, wanted->rules);
  }
  RowPut put{rollup::page_row(wanted->key), {}};
  for (auto& chunk : page.encode_dirty(wanted->below)) {
    put.cells.push_back(
        {std::string(rollup::kPageFamily), std::move(chunk.qualifier), wanted->below.value, std::move(chunk.value)});
  }
  return put;
}

Result<void> fold_near(verify::StoredRows& rows, std::span<const PageBelow> near, const rollup::PageLimits& limits,
                       std::vector<RowPut>& puts) {
  Pages pages;
  for (const auto& page : near) pages[{page.key.bucket, page.key.source}].page = &page;
  Arena arena;
  const auto from = near.front().key.bucket.start();
  const auto to = Bucket{near.back().key.bucket.value + 1}.start();
  const auto read =
      rows.read(from, to, kLongestGap, [&](const event::StoredEvent& stored) { keep(stored, pages, arena); });
  if (!read) return read;
  for (auto& [_, contributions] : pages) {
    auto put = fold(contributions, limits);
    if (!put) return tl::unexpected(put.error());
    if (!put->cells.empty()) puts.push_back(std::move(*put));
  }
  return {};
}

}  // namespace

Result<std::vector<RowPut>> pages_below(TableStore& tables, const Names& names, const rollup::PageLimits& limits,
                                        const std::vector<PageBelow>& wanted, const std::stop_token& cancelled) {
  std::vector<RowPut> puts;
  if (wanted.empty()) return puts;
  const verify::VerifyOptions options;
  verify::VerifyReport report;
  verify::Findings findings(options, report);
  verify::StoredRows rows(tables, names, wanted.front().key.merchant, findings);
  auto going = rows.open();
  if (going) {
    const auto first = wanted.front().key.bucket.start() - kLongestGap;
    const auto looked = rows.next(first, TimeMs::max());
    if (!looked) going = tl::unexpected(looked.error());
  }
  for (auto at = wanted.begin(); going && at != wanted.end();) {
    if (cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    auto end = at + 1;
    auto events = at->events;
    while (end != wanted.end() && end->key.bucket.start() - at->key.bucket.start() < kLongestGap &&
           (events += end->events) <= kEventsAtOnce) {
      ++end;
    }
    going = fold_near(rows, {at, end}, limits, puts);
    at = end;
  }
  if (!going) return tl::unexpected(going.error());
  if (!report.differences.empty()) return fail(ErrorCode::kCorrupt, to_string(report.differences.front()));
  return puts;
}

}  // namespace guidepost::app
