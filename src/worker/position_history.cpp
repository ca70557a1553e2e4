#include "worker/position_history.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/text.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {
namespace {

using namespace std::chrono_literals;

/// Cells that are written one after the other, and then again from the first.
struct Ring {
  char name;
  std::chrono::milliseconds width;  ///< of the time that a cell stands for: its last position
  std::int64_t cells;
};
constexpr std::array<Ring, 4> kRings{{{'s', 1s, 900}, {'m', 1min, 2880}, {'h', 1h, 960}, {'d', 24h, 400}}};
static_assert(kHistoryKept == kRings.back().width * kRings.back().cells);

constexpr std::string_view kBegin = "begin";

std::string words_of(const RecordedPosition& recorded) {
  return fmt::format("{} {} {}", unix_ms(recorded.at), recorded.offset.value, recorded.by);
}

CellPut cell(std::string qualifier, const RecordedPosition& recorded) {
  return {std::string(kStateFamily), std::move(qualifier), recorded.offset.value, words_of(recorded)};
}

/// Takes a number and the blank behind it off the front.
bool take_number(std::string_view& text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

std::optional<RecordedPosition> recorded_of(std::string_view text) {
  std::int64_t ms = 0;
  RecordedPosition recorded;
  if (!take_number(text, ms) || !take_number(text, recorded.offset.value) || recorded.offset.value < 0)
    return std::nullopt;
  recorded.at = from_unix_ms(ms);
  recorded.by = text;
  return recorded;
}

}  // namespace

std::chrono::milliseconds resolution_at(TimeMs moment, TimeMs now) {
  // The oldest cell of a ring is being written again.
  const auto* ring = std::find_if(kRings.begin(), kRings.end() - 1,
                                  [&](const Ring& r) { return now - moment <= r.width * (r.cells - 1); });
  return ring->width;
}

std::string history_row(std::uint32_t version, SourceId source) {
  return fmt::format("history/v{}/{:08}", version, source.value);
}

std::vector<CellPut> history_cells(const RecordedPosition& recorded) {
  std::vector<CellPut> cells;
  for (const auto& ring : kRings) {
    const auto slot = std::max<std::int64_t>(0, unix_ms(recorded.at)) / ring.width.count() % ring.cells;
    cells.push_back(cell(fmt::format("{}{:04}", ring.name, slot), recorded));
  }
  return cells;
}

CellPut history_begin(const RecordedPosition& recorded) { return cell(std::string(kBegin), recorded); }

Result<PositionHistory> PositionHistory::parse(const Row& row) {
  PositionHistory history;
  for (const auto& stored : row.cells) {
    auto recorded = recorded_of(stored.value);
    if (!recorded || recorded->offset.value != stored.timestamp)
      return fail(ErrorCode::kCorrupt, fmt::format("the cell {} of the state row {} is no position of a time",
                                                   text::escape(stored.qualifier), text::escape(row.key)));
    if (stored.qualifier == kBegin) {
      history.begin_ = std::move(recorded);
    } else {
      history.recorded_.push_back(*std::move(recorded));
    }
  }
  return history;
}

Result<RecordedPosition> PositionHistory::at(TimeMs moment, TimeMs now) const {
  const auto unknown = [](TimeMs since) {
    return fail(ErrorCode::kOutOfRange, "what had been counted is known since " + text::rfc3339(since));
  };
  std::optional<RecordedPosition> best;
  auto first = now;
  for (const auto& recorded : recorded_) {
    first = std::min(first, recorded.at);
    if (recorded.at <= moment && (!best || recorded.offset >= best->offset)) best = recorded;
  }
  // Before a position of that time: the beginning may have been written twice, by two who found none.
  if (!best && begin_) {
    if (moment < begin_->at) return RecordedPosition{moment, begin_->offset, {}};
    best = begin_;
  }
  if (moment < now - kHistoryKept) return unknown(now - kHistoryKept);
  if (!best) return unknown(first);
  return *best;
}

}  // namespace guidepost::worker
