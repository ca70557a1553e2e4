#include "query/event_rows.hpp"

#include <algorithm>

#include "guidepost/event/event_row.hpp"

namespace guidepost::query {
namespace {

constexpr std::size_t kRowsPerPage = 128;  // there are many streams at once

}  // namespace

EventRows::EventRows(TableStore& tables, const Names& names, const std::vector<Month>& months,
                     std::string_view merchant, TimeMs from, TimeMs to) {
  for (const auto month : months) {
    for (std::uint8_t salt = 0; salt < event::kEventSalts; ++salt) {
      ScanRequest request;
      request.start = event::event_row_start(salt, merchant, from);
      request.stop = event::event_row_start(salt, merchant, to);
      request.max_rows = kRowsPerPage;
      strands_.push_back({std::make_unique<RowStream>(tables, names.events(month), std::move(request))});
    }
  }
  for (auto& strand : strands_) behind_.push_back(&strand);
}

Result<const Row*> EventRows::next() {
  for (auto* strand : behind_) {
    const auto row = strand->rows->next();
    if (!row) return row;
    strand->row = *row;
    if (strand->row == nullptr) continue;
    heap_.push_back(strand);
    std::push_heap(heap_.begin(), heap_.end(), LaterFirst{});
  }
  behind_.clear();
  if (heap_.empty()) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end(), LaterFirst{});
  behind_.push_back(heap_.back());
  heap_.pop_back();
  return behind_.front()->row;
}

}  // namespace guidepost::query
