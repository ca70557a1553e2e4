#include "worker/aggregate/index_rows.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "guidepost/event/index_row.hpp"

namespace guidepost::worker {
namespace {

/// A month's rows, each of a customer's devices once.
class MonthRows {
 public:
  void add(SourceId source, const event::Accepted& event) {
    rows_.push_back(event::event_index_row(source, event));
    const bool device = (event.flags & event::kNoDevice) == 0;  // a made-up guid says whose it is
    if (!event.text[event::Field::kCustomer].empty() && device) add_device(event::device_index_row(event));
  }
  std::vector<RowPut> take() && { return std::move(rows_); }

 private:
  /// The latest record time stays, as it does in the table.
  void add_device(RowPut row) {
    const auto [place, first] = devices_.try_emplace(row.row, rows_.size());
    if (first) return rows_.push_back(std::move(row));
    auto& timestamp = rows_[place->second].cells.front().timestamp;
    timestamp = std::max(timestamp, row.cells.front().timestamp);
  }

  std::vector<RowPut> rows_;
  std::unordered_map<std::string, std::size_t> devices_;  // row key -> place in rows_
};

}  // namespace

std::map<Month, std::vector<RowPut>> index_rows(const event::Decisions& decisions, Offset chain) {
  std::map<Month, MonthRows> months;
  for (const auto& accepted : decisions.accepted) {
    if (accepted.offset >= chain) months[Month::of(accepted.record_time)].add(decisions.source, accepted);
  }
  std::map<Month, std::vector<RowPut>> rows;
  for (auto& [month, of_month] : months) rows.emplace(month, std::move(of_month).take());
  return rows;
}

}  // namespace guidepost::worker
